import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { locateDataset } from '../../src/data/locate-dataset.js';
import type { DataPlace } from '../../src/data/locations.js';
import { prepareTaskData } from '../../src/data/prepare-task-data.js';
import { ConfigError } from '../../src/errors.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';
import type { Task } from '../../src/tasks/task.js';
import { freshFolder, freshPlace, NEVER, PACKAGE_DATA } from '../helpers/data.js';

async function prepared(place: DataPlace, task: Task = miniBabyLm): Promise<string> {
  const folder = await prepareTaskData(task, place, NEVER);
  if (folder === null) throw new Error('the task has data');
  return folder;
}

/** mini_baby_lm with other data: only that counts here. */
function taskWith(...data: { path: string; dataset: string }[]): Task {
  const facts = { description: 'Data.', licence: 'none', source: 'nowhere' };
  return { ...miniBabyLm, data: data.map(entry => ({ ...facts, ...entry })) };
}

test('the words and bytes that the manifest states are those of the files', async () => {
  const folder = await prepared(freshPlace());
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
  const place = freshPlace();
  const folder = await prepared(place);
  mkdirSync(join(folder, 'old'));
  writeFileSync(join(folder, 'old', 'left-over.txt'), 'of an older manifest');
  await prepared(place);
  expect(readdirSync(folder).sort()).toEqual(miniBabyLm.data.map(({ path }) => path).sort());
  for (const { path } of miniBabyLm.data) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o444);
});

test('no pair of BLiMP is in the training data', async () => {
  const folder = await prepared(freshPlace());
  const text = miniBabyLm.data.map(({ path }) => readFileSync(join(folder, path), 'utf8')).join('\n');
  const { readPacked } = await import('../../src/lib/packed-data.js');
  const rows = (await readPacked(PACKAGE_DATA, 'eval/blimp.jsonl')).toString('utf8').trimEnd().split('\n');
  const lines = new Set(text.split(/[\n.?!]/).map(line => line.trim()));
  const found = rows
    .map(row => String(JSON.parse(row).sentence_good))
    .filter(sentence => lines.has(sentence.slice(0, -1)));
  expect(rows).toHaveLength(67_000);
  expect(found).toEqual([]);
});

test('what is there and whole is left alone; what is damaged is mended', async () => {
  const place = freshPlace();
  const folder = await prepared(place);
  const [kept, damaged] = miniBabyLm.data.map(({ path }) => join(folder, path));
  if (kept === undefined || damaged === undefined) throw new Error('two files are expected');
  const before = readFileSync(damaged);
  utimesSync(kept, 1000, 1000);
  chmodSync(damaged, 0o644);
  writeFileSync(damaged, 'torn');
  await prepared(place);
  expect(statSync(kept).mtimeMs).toBe(1_000_000);
  expect(readFileSync(damaged).equals(before)).toBe(true);
});

test('several that prepare the same data at once all end up with it whole', async () => {
  const place = freshPlace();
  const folders = await Promise.all(Array.from({ length: 4 }, () => prepared(place)));
  expect(new Set(folders).size).toBe(1);
  for (const { path, bytes } of miniBabyLm.data)
    expect(statSync(join(folders[0] ?? '', path)).size).toBe(bytes);
});

test('a damaged package is said to be damaged, and leaves no half file', async () => {
  const packageData = join(freshFolder(), 'data');
  cpSync(PACKAGE_DATA, packageData, { recursive: true });
  writeFileSync(join(packageData, 'train', 'tinyshakespeare.txt.gz'), 'not gzip');
  const place = { home: freshFolder(), packageData };
  const unpacking = prepared(place);
  await expect(unpacking).rejects.toThrow(ConfigError);
  await expect(unpacking).rejects.toThrow(
    'train/tinyshakespeare.txt.gz is damaged. Install the package again.',
  );
  expect(existsSync(join(place.home, 'data', 'train', 'tinyshakespeare'))).toBe(false);
  expect(existsSync(join(place.home, 'data', 'tasks'))).toBe(false);
});

test('the file of a set is put where the manifest says, or below the folder that it names, without being copied', async () => {
  const place = freshPlace();
  const folder = await prepared(
    place,
    taskWith(
      { path: 'plays.txt', dataset: 'tinyshakespeare_train' },
      { path: 'dev/articles', dataset: 'wikitext2_train' },
    ),
  );
  const origin = await locateDataset('wikitext2_train', place, NEVER);
  if (!origin.isFound) throw new Error('it is made from the package');
  expect(readdirSync(folder).sort()).toEqual(['dev', 'plays.txt']);
  const put = statSync(join(folder, 'dev', 'articles', 'wikitext2_train.txt'));
  expect(put.ino).toBe(statSync(join(origin.folder, 'wikitext2_train.txt')).ino);
});

test('a data set that is not here is named, with the task that needs it and how to get it', async () => {
  const preparing = prepared(freshPlace(), taskWith({ path: 'phi-2', dataset: 'phi-2' }));
  await expect(preparing).rejects.toThrow(ConfigError);
  await expect(preparing).rejects.toThrow(
    'The data set phi-2 is not here. The task mini_baby_lm needs it. `mlrb data fetch phi-2` gets it',
  );
});

test('a task that would hand out what it is scored on is refused', async () => {
  await expect(prepared(freshPlace(), taskWith({ path: 'blimp', dataset: 'blimp' }))).rejects.toThrow(
    'hands out blimp, which submissions are scored on',
  );
});
