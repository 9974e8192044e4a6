import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXAMPLE, freshFolder } from '../runs/intake/model-folder.js';
import { mlrb } from './mlrb.js';

it('mlrb data fingerprint keeps what the models below a folder can be known by', async () => {
  const home = freshFolder();
  const folder = freshFolder();
  cpSync(EXAMPLE, join(folder, 'somebody', 'model'), { recursive: true });
  const { code, stdout } = await mlrb(home, `data fingerprint ${folder}`);
  expect(code).toBe(0);
  expect(stdout).toMatch(/somebody\/model: \d+ of its matrices are kept/);
  const [file, ...more] = readdirSync(join(home, 'data', 'fingerprints'));
  expect(more).toEqual([]);
  expect(file).toMatch(/^somebody-model-[0-9a-f]{8}\.json$/);
});

it.each([
  ['data fingerprint', 2, /Name one folder that holds models/],
  ['data fingerprint a b', 2, /Name one folder that holds models/],
  ['data fingerprint /nowhere/at/all', 2, /There is no folder \/nowhere\/at\/all\. Name a folder/],
])('%s says what to do', async (line, code, sentence) => {
  const ended = await mlrb(freshFolder(), line);
  expect(ended.code).toBe(code);
  expect(ended.stderr).toMatch(sentence);
});

it('a folder without a model is said to be one, with exit code 1', async () => {
  const folder = freshFolder();
  mkdirSync(join(folder, 'empty'));
  const { code, stdout } = await mlrb(freshFolder(), `data fingerprint ${folder}`);
  expect({ code, stdout }).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('There is no model in'),
  });
});
