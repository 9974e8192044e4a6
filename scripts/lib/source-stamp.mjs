import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Written into dist/ at the end of a build: what the sources were when it was made. */
export const STAMP_FILE = '.build.json';

/** A digest over names, sizes and times of everything that a build reads. */
export function sourceStamp(root) {
  const hash = createHash('sha256');
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];
  for (const path of [...files, ...filesBelow(root, 'src')]) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Whether dist/ was built from the sources as they are now, without type errors. */
export function isBuilt(root) {
  try {
    const { stamp, types_ok } = JSON.parse(readFileSync(join(root, 'dist', STAMP_FILE), 'utf8'));
    return types_ok && stamp === sourceStamp(root);
  } catch {
    return false;
  }
}

/** Relative paths of all files below a folder, sorted. What Python and editors leave behind is not counted. */
export function filesBelow(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter(entry => entry.name !== '__pycache__' && !entry.name.endsWith('~'))
    .flatMap(entry => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return filesBelow(root, path);
      return entry.isFile() ? [path] : [];
    })
    .sort();
}
