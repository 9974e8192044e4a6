import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type EvaluationData, prepareEvaluationData } from '../../src/eval/evaluation-data.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import type { TaskEvaluator } from '../../src/tasks/task.js';

const BLIMP = {
  id: 'blimp@5',
  metric: 'blimp@5',
  direction: 'higher_is_better',
  description: 'few rows',
} as const;

function prepare(home: string, evaluators: readonly TaskEvaluator[] = [BLIMP]): Promise<EvaluationData> {
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  return prepareEvaluationData(evaluators, place, new AbortController().signal);
}

function blimpIn({ suites }: EvaluationData): { folder: string; subtasks: string[] } {
  const [suite] = suites;
  if (suite?.request.suite !== 'blimp') throw new Error('BLiMP is expected');
  return { folder: suite.request.folder, subtasks: Object.keys(suite.sizes) };
}

function freshHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('BLiMP is unpacked whole: 67 subtasks of 1,000 pairs, each with its own name', async () => {
  const data = await prepare(freshHome());
  const { folder, subtasks } = blimpIn(data);
  expect(subtasks).toHaveLength(67);
  expect(readdirSync(folder).filter(name => name.endsWith('.jsonl'))).toEqual(
    subtasks.map(name => `${name}.jsonl`).sort(),
  );
  for (const subtask of subtasks) {
    const rows = readFileSync(join(folder, `${subtask}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(rows).toHaveLength(1000);
    expect(rows.every((row, at) => row.UID === subtask && row.pairID === String(at))).toBe(true);
  }
  expect(data.textPath).toBeNull();
  expect(data.suites[0]?.sizes.adjunct_island).toBe(5);
});

test('a second time nothing is written; a damaged, missing or changed file is mended', async () => {
  const home = freshHome();
  const first = await prepare(home);
  const { folder, subtasks } = blimpIn(first);
  const [one, two, three] = subtasks.map(name => join(folder, `${name}.jsonl`));
  if (one === undefined || two === undefined || three === undefined)
    throw new Error('three subtasks are expected');
  utimesSync(one, 1000, 1000);
  await prepare(home);
  expect(statSync(one).mtimeMs).toBe(1_000_000);
  const whole = [one, two, three].map(path => readFileSync(path, 'utf8'));
  chmodSync(two, 0o644);
  writeFileSync(two, whole[1]?.replace('sentence_good', 'sentence_bad') ?? '');
  unlinkSync(three);
  expect(await prepare(home)).toEqual(first);
  expect([one, two, three].map(path => readFileSync(path, 'utf8'))).toEqual(whole);
});

test("WikiText-2's test text is used where the operator put it, and changes the digest of the data", async () => {
  const home = freshHome();
  const { digest } = await prepare(home);
  mkdirSync(join(home, 'data', 'eval', 'wikitext2'), { recursive: true });
  writeFileSync(join(home, 'data', 'eval', 'wikitext2', 'test.txt'), 'A text .\n');
  const after = await prepare(home);
  expect(after.textPath).toBe(join(home, 'data', 'eval', 'wikitext2', 'test.txt'));
  expect(after.digest).not.toBe(digest);
});

test('data that are not here leave an evaluator without a value, with what the operator does about it; the others stand', async () => {
  const mmlu = { ...BLIMP, id: 'mmlu@5', metric: 'mmlu@5' };
  const { suites, absent } = await prepare(freshHome(), [BLIMP, mmlu]);
  expect(suites.map(({ request }) => request.suite)).toEqual(['blimp']);
  expect([...absent]).toEqual([
    [
      'mmlu@5',
      'The data set mmlu is not here. `mlrb data fetch mmlu` gets it; `mlrb data import DIR` takes it from a folder.',
    ],
  ]);
});
