import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { MAIN } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

const run = promisify(execFile);
const MCP = 'mcp==2.3.0';

/** The published Python client, in an environment of its own beside the product's. */
async function pythonClient(): Promise<string> {
  const folder = join(inject('home'), 'test-clients', MCP.replace('==', '-'));
  const python = join(folder, 'bin', 'python');
  const ready = existsSync(join(folder, 'bin', 'mcp'));
  if (!ready) {
    await run('python3', ['-m', 'venv', '--clear', folder]);
    await run(python, ['-m', 'pip', 'install', '--quiet', MCP], { maxBuffer: 1e8 });
  }
  return python;
}

test('the published Python client goes through a whole run', async () => {
  await using home = await makeHome();
  const python = await pythonClient();
  const script = join(import.meta.dirname, 'python_client.py');
  try {
    const { stdout } = await run(python, [script, process.execPath, MAIN, home.path], {
      env: { PATH: process.env.PATH ?? '', HOME: home.path },
    });
    const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Record<string, unknown>;
    expect(seen).toMatchObject({ tools: expect.any(Number), output: '42', accepted: true, outcome: 'valid' });
    expect(seen.value).toBeGreaterThan(0.2);
  } finally {
    await endAllRuns(home.path);
  }
}, 300_000);
