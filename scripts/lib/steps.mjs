import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a program of node_modules and answers whether it went well. */
export function runTool(name, script, args) {
  process.stdout.write(`— ${name}\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return status === 0;
}

/** The checks that run no program of ours. Answers the names of those that failed. */
export function staticChecks() {
  const checks = [
    ['types', () => runTool('types', 'typescript/bin/tsc', ['--noEmit'])],
    ['lint and format', () => runTool('lint and format', '@biomejs/biome/bin/biome', ['check', '.'])],
  ];
  return checks.filter(([, check]) => !check()).map(([name]) => name);
}
