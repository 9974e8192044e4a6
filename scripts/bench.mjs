/** Compiles bench/ beside the installed packages and runs it against dist/. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { copyAssets } from './lib/assets.mjs';
import { root, runTool } from './lib/steps.mjs';

const built = join(root, 'node_modules', '.cache', 'mlrb-bench');

if (runTool('build the benches', 'typescript/bin/tsc', ['-p', 'tsconfig.bench.json'])) {
  copyAssets(root, join(built, 'src'));
  const main = join(built, 'bench', 'main.js');
  const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else {
  process.exitCode = 1;
}
