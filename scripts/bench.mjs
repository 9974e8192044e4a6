/** Compiles bench/ beside the installed packages and runs it against dist/. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, runTool } from './lib/steps.mjs';

if (runTool('build the benches', 'typescript/bin/tsc', ['-p', 'tsconfig.bench.json'])) {
  const main = join(root, 'node_modules', '.cache', 'mlrb-bench', 'bench', 'main.js');
  const { status } = spawnSync(process.execPath, [main, ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else {
  process.exitCode = 1;
}
