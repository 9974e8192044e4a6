/**
 * Builds dist/ from src/: the compiler's output, and every file that is not TypeScript at the same relative path, so
 * that `new URL('./x', import.meta.url)` finds its neighbour in both. Each file is put in place with one rename: a
 * server that runs from dist/ meanwhile never reads half a file.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyAssets } from './lib/assets.mjs';
import { filesBelow, STAMP_FILE, sourceStamp } from './lib/source-stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const stamp = sourceStamp(root);
const fresh = mkdtempSync(join(root, '.build-'));
let status = 1;
try {
  status = compile();
  copyAssets(root, fresh);
  const files = filesBelow(fresh, '.').map(path => path.slice(2));
  for (const path of files) place(path);
  removeAllBut(files);
  writeFileSync(join(dist, STAMP_FILE), `${JSON.stringify({ stamp, types_ok: status === 0 })}\n`);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
process.exitCode = status;

function compile() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  return spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  }).status;
}

function place(path) {
  const target = join(dist, path);
  mkdirSync(dirname(target), { recursive: true });
  if (isSame(join(fresh, path), target)) return;
  renameSync(join(fresh, path), target);
}

function isSame(a, b) {
  try {
    return readFileSync(a).equals(readFileSync(b));
  } catch {
    return false;
  }
}

function removeAllBut(files) {
  const keep = new Set(files);
  for (const path of filesBelow(dist, '.').map(path => path.slice(2))) {
    if (!keep.has(path) && path !== STAMP_FILE) rmSync(join(dist, path));
  }
}
