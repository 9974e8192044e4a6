import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

const NOTE_LOADS = fileURLToPath(new URL('../helpers/note-loads.mjs', import.meta.url));

test('the handshake waits for no library that only a later call needs', async () => {
  await using home = await makeHome({ hasModels: false });
  const file = join(home.path, 'loads');
  const env = { NODE_OPTIONS: `--import=${NOTE_LOADS}`, MLRB_TEST_LOADS: file };
  await using me = await connect({ home: home.path, env });
  const loaded = async () => {
    const packages = (await readFile(file, 'utf8')).matchAll(/\/node_modules\/((?:@[^/]+\/)?[^/]+)\//g);
    return [...new Set([...packages].map(([, name]) => name))].sort();
  };
  expect(await loaded()).toEqual([
    '@modelcontextprotocol/core',
    '@modelcontextprotocol/server',
    'commander',
    'fastest-levenshtein',
    'pino',
    'proper-lockfile',
    'write-file-atomic',
    'zod',
  ]);
  await me.ok('start_run', { task_id: 'smoke' });
  expect(await loaded()).toContain('execa');
  await endAllRuns(home.path);
});
