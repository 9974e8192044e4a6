import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';
import { unpackTrainingData } from '../../src/tasks/training-data.js';

const DATA = join(PACKAGE_ROOT, 'data');

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the words and bytes that the manifest states are those of the files', async () => {
  const folder = freshFolder();
  await unpackTrainingData(miniBabyLm, DATA, folder);
  const counted = miniBabyLm.data.map(({ path }) => {
    const content = readFileSync(join(folder, path));
    return {
      path,
      bytes: content.length,
      words: content
        .toString('utf8')
        .split(/\s+/)
        .filter(word => word !== '').length,
    };
  });
  expect(counted).toEqual(miniBabyLm.data.map(({ path, bytes, words }) => ({ path, bytes, words })));
});

test('training data is read-only, and nothing but what the manifest names lies there', async () => {
  const folder = freshFolder();
  await unpackTrainingData(miniBabyLm, DATA, folder);
  expect(readdirSync(folder).sort()).toEqual(miniBabyLm.data.map(({ path }) => path).sort());
  for (const { path } of miniBabyLm.data) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o444);
});

test('no pair of BLiMP is in the training data', async () => {
  const folder = freshFolder();
  await unpackTrainingData(miniBabyLm, DATA, folder);
  const text = miniBabyLm.data.map(({ path }) => readFileSync(join(folder, path), 'utf8')).join('\n');
  const { readPacked } = await import('../../src/lib/packed-data.js');
  const rows = (await readPacked(DATA, 'eval/blimp.jsonl')).toString('utf8').trimEnd().split('\n');
  const lines = new Set(text.split(/[\n.?!]/).map(line => line.trim()));
  const found = rows
    .map(row => String(JSON.parse(row).sentence_good))
    .filter(sentence => lines.has(sentence.slice(0, -1)));
  expect(rows).toHaveLength(67_000);
  expect(found).toEqual([]);
});

test('what is there and whole is left alone; what is damaged is mended', async () => {
  const folder = freshFolder();
  await unpackTrainingData(miniBabyLm, DATA, folder);
  const [kept, damaged] = miniBabyLm.data.map(({ path }) => join(folder, path));
  if (kept === undefined || damaged === undefined) throw new Error('two files are expected');
  const before = readFileSync(damaged);
  utimesSync(kept, 1000, 1000);
  chmodSync(damaged, 0o644);
  writeFileSync(damaged, 'torn');
  await unpackTrainingData(miniBabyLm, DATA, folder);
  expect(statSync(kept).mtimeMs).toBe(1_000_000);
  expect(readFileSync(damaged).equals(before)).toBe(true);
});

test('a damaged package is said to be damaged, and leaves no half file', async () => {
  const data = join(freshFolder(), 'data');
  cpSync(DATA, data, { recursive: true });
  writeFileSync(join(data, 'train', 'tinyshakespeare.txt.gz'), 'not gzip');
  const folder = join(freshFolder(), 'target');
  const unpacking = unpackTrainingData(miniBabyLm, data, folder);
  await expect(unpacking).rejects.toThrow(ConfigError);
  await expect(unpacking).rejects.toThrow(
    'train/tinyshakespeare.txt.gz is damaged. Install the package again.',
  );
  expect(existsSync(join(folder, 'tinyshakespeare.txt'))).toBe(false);
});
