import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesBelow } from './source-stamp.mjs';

/** Puts every file of src/ that is not TypeScript at the same relative path below a folder, where the compiled program looks for it. */
export function copyAssets(root, target) {
  for (const path of filesBelow(root, 'src')) {
    if (path.endsWith('.ts')) continue;
    const copy = join(target, path.slice('src/'.length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(root, path), copy);
  }
}
