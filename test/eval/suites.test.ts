import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { importFolder } from '../../src/data/import-folder.js';
import { type EvaluateModel, evaluateModel, type ModelEvaluation } from '../../src/eval/evaluate-model.js';
import { localLean } from '../../src/eval/lean/local-lean.js';
import { ROWS_FILE } from '../../src/eval/output-files.js';
import { parseRows } from '../../src/eval/rows.js';
import type { Score } from '../../src/runs/score.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';
import type { TaskEvaluator } from '../../src/tasks/task.js';
import { NEVER, needsTestData, PACKAGE_DATA, TEST_DATA, testDataLack } from '../helpers/data.js';
import { EXAMPLE, editJson, modelFolder } from '../runs/intake/model-folder.js';

/** Each test starts the real scorer, some several times, on a machine that may have other things to do. */
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

const SETTINGS = { device: 'cpu', memory_gb: 16, time_limit_min: 10 };

function evaluator(id: string, data?: readonly string[]): TaskEvaluator {
  const direction = id === 'bits_per_byte' ? 'lower_is_better' : 'higher_is_better';
  return { id, metric: id, direction, description: 'test', ...(data === undefined ? {} : { data }) };
}

const BLIMP = evaluator('blimp@2');
const TEXT = evaluator('bits_per_byte', ['tinyshakespeare_heldout']);

let home: string;
let models: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  models = join(home, 'models');
  const script = join(import.meta.dirname, 'make-suite-models.py');
  spawnSync(inject('python'), ['-B', script, join(import.meta.dirname, 'formulas.test.ts'), models]);
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

function evaluate(changes: Partial<EvaluateModel>): Promise<ModelEvaluation> {
  return evaluateModel({
    task: miniBabyLm,
    evaluators: [BLIMP],
    modelFolder: EXAMPLE,
    python: async () => inject('python'),
    home,
    outputFolder: mkdtempSync(join(home, 'out-')),
    settings: SETTINGS,
    onProgress: () => undefined,
    signal: NEVER,
    ...changes,
  });
}

function scoreIn({ scores }: ModelEvaluation, metric: string): Score {
  const score = scores.find(candidate => candidate.metric === metric);
  if (score === undefined) throw new Error(`there is no score ${metric}`);
  return score;
}

/** The file of rows of every finished subtask, with the moment it was written. */
function finished(): Map<string, number> {
  const folder = join(home, 'cache', 'rows');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name =>
    name.endsWith('.jsonl'),
  );
  return new Map(files.map(name => [name, statSync(join(folder, name)).mtimeMs]));
}

test('an evaluation that is stopped again and again goes on behind the last finished subtask, the untrained floor as well', async () => {
  const modelFolderOfOwn = join(models, 'bpe');
  const evaluators = [evaluator('blimp@20')];
  const stopped: Map<string, number>[] = [];
  for (const step of ['scoring blimp', 'scoring an untrained model: blimp']) {
    const stop = new AbortController();
    const onProgress = (progress: { step: string; done: number; total: number }) => {
      if (progress.step === step && progress.done > progress.total / 3)
        stop.abort(new Error('stopped by a test'));
    };
    await expect(
      evaluate({ modelFolder: modelFolderOfOwn, evaluators, onProgress, signal: stop.signal }),
    ).rejects.toThrow('stopped by a test');
    stopped.push(finished());
  }
  const [first = new Map(), second = new Map()] = stopped;
  expect(first.size).toBeGreaterThan(5);
  expect(first.size).toBeLessThan(67);
  expect(second.size).toBe(67);

  let kept = 0;
  const outputFolder = mkdtempSync(join(home, 'out-'));
  const result = await evaluate({
    modelFolder: modelFolderOfOwn,
    evaluators,
    outputFolder,
    onProgress: ({ step, done, total }) => {
      if (step !== 'scoring an untrained model: blimp' || done < total || kept > 0) return;
      const now = finished();
      kept = [...second].filter(([name, at]) => now.get(name) === at).length;
    },
  });
  expect(kept).toBeGreaterThan(5); // the floors that were there were not made again
  expect(kept).toBeLessThan(67);
  expect(result.outcome).toBe('valid');
  expect(scoreIn(result, 'blimp@20').n).toBe(20 * 67);
  expect(finished().size).toBe(0); // what is in the cache needs no rows beside it

  const whole = await evaluate({
    modelFolder: modelFolderOfOwn,
    evaluators,
    home: mkdtempSync(join(home, 'other-')),
  });
  expect(scoreIn(result, 'blimp@20')).toEqual(scoreIn(whole, 'blimp@20'));
});

test('two evaluations of the same weights at once score them once', async () => {
  const evaluators = [evaluator('blimp@1')];
  const results = await Promise.all([evaluate({ evaluators }), evaluate({ evaluators })]);
  expect(results.map(({ from_cache }) => from_cache).sort()).toEqual([false, true]);
  expect(results[0]?.scores).toEqual(results[1]?.scores);
});

test('data that are not here leave their score absent with reason and remedy, never 0; the other scores stand', async () => {
  const result = await evaluate({ evaluators: [BLIMP, evaluator('mmlu@2'), evaluator('super_glue@2')] });
  expect(result.outcome).toBe('valid');
  expect(scoreIn(result, 'blimp@2').value).toBeGreaterThan(0);
  for (const [metric, id] of [
    ['mmlu@2', 'mmlu'],
    ['super_glue@2', 'super_glue'],
  ] as const) {
    expect(scoreIn(result, metric)).toMatchObject({
      value: null,
      reason: expect.stringContaining(`\`mlrb data fetch ${id}\``),
    });
  }
});

test('bits per byte of a held-out text, recomputed by hand from the rows; an untrained model lies on its floor', async () => {
  const outputFolder = mkdtempSync(join(home, 'out-'));
  const result = await evaluate({ evaluators: [TEXT], outputFolder });
  const rows = parseRows(readFileSync(join(outputFolder, ROWS_FILE), 'utf8')).filter(
    row => row.suite === 'bits_per_byte',
  );
  const text = readFileSync(
    join(home, 'data', 'eval', 'tinyshakespeare_heldout', 'tinyshakespeare_heldout.txt'),
  );
  const nats = rows.reduce((sum, row) => sum + (row.nats ?? Number.NaN), 0);
  const score = scoreIn(result, 'bits_per_byte');
  expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(text.length);
  expect(score.value).toBeCloseTo(nats / Math.LN2 / text.length, 9);
  expect(score.value).toBeCloseTo(score.floors.untrained?.value ?? 0, 9);
  expect(Math.abs((score.value ?? 0) - 8)).toBeLessThan(0.5); // every byte about equally likely
  expect(score.interval_95?.[0]).toBeLessThan(score.value ?? 0);
});

test('a tokenizer that loses letters saves bits: it is refused where bits per byte are scored', async () => {
  const folder = modelFolder();
  editJson(folder, 'tokenizer.json', { normalizer: { type: 'Lowercase' } });
  const { outcome, findings } = await evaluate({ modelFolder: folder, evaluators: [TEXT] });
  expect(outcome).toBe('invalid');
  expect(findings).toMatchObject([
    { rule: 'tokenizer', message: expect.stringContaining('loses a part of the held-out text') },
  ]);
});

test('a tokenizer that drops line ends is refused where bits per byte are scored', async () => {
  const { outcome, findings } = await evaluate({ modelFolder: join(models, 'unigram'), evaluators: [TEXT] });
  // Its tokenizer makes one space of several and drops line ends, so that its bits say nothing; it is told apart, not scored.
  expect({ outcome, rules: findings.map(({ rule }) => rule) }).toEqual({
    outcome: 'invalid',
    rules: ['tokenizer'],
  });
});

describe.skipIf(testDataLack !== undefined)(needsTestData('with the benchmark data'), () => {
  beforeAll(async () => {
    const options = { signal: NEVER, mayDiffer: false, again: false, onProgress: () => undefined };
    await importFolder(TEST_DATA, { home, packageData: PACKAGE_DATA }, options);
  });

  test('all suites of a task in one process: MMLU, SuperGLUE and BLiMP, each with its floors', async () => {
    const steps = new Set<string>();
    const evaluators = [evaluator('mmlu@1'), evaluator('super_glue@3'), BLIMP];
    const result = await evaluate({
      modelFolder: join(models, 'bpe'),
      evaluators,
      onProgress: ({ step }) => steps.add(step),
    });
    expect(result.outcome).toBe('valid');
    expect([...steps].filter(step => step === 'loading the model')).toHaveLength(1);
    expect(scoreIn(result, 'mmlu@1')).toMatchObject({ n: 57, paper: null });
    expect(scoreIn(result, 'super_glue@3')).toMatchObject({
      n: 24,
      reason: expect.stringContaining('record/validation.jsonl has 264 of 10,000 rows'),
    });
    expect(Object.keys(scoreIn(result, 'super_glue@3').parts ?? {}).sort()).toEqual([
      'boolq',
      'cb',
      'copa',
      'multirc',
      'record',
      'rte',
      'wic',
      'wsc',
    ]);
    for (const metric of ['mmlu@1', 'super_glue@3']) {
      expect(Object.keys(scoreIn(result, metric).floors)).toEqual([
        'untrained',
        'chance',
        'always_first_option',
      ]);
    }
  });

  test('formalisation: one generation for all four numbers; Lean’s verdicts among the rows', async () => {
    const program = join(home, 'lean');
    copyFileSync(join(import.meta.dirname, 'lean', 'fake-lean.py'), program);
    chmodSync(program, 0o755);
    const ids = ['bleu@3', 'rouge_l@3', 'lean3@3', 'combined@3'];
    const evaluators = ids.map(id => evaluator(id, ['minif2f_heldout']));
    const outputFolder = mkdtempSync(join(home, 'out-'));
    const lean = localLean({ program, path: '', memoryMb: 1024, timeLimitS: 60 });
    const result = await evaluate({ modelFolder: join(models, 'bpe'), evaluators, lean, outputFolder });
    const rows = parseRows(readFileSync(join(outputFolder, ROWS_FILE), 'utf8'));
    expect(rows.map(({ suite }) => suite).sort()).toEqual([
      ...Array(3).fill('formalisation'),
      ...Array(3).fill('lean3'),
    ]);
    expect(result.outcome).toBe('valid');
    expect(scoreIn(result, 'bleu@3')).toMatchObject({ n: 3, ceiling: { value: 1 } });
    expect(scoreIn(result, 'lean3@3').value).not.toBeNull();
    const parts = ['bleu@3', 'rouge_l@3', 'lean3@3'].map(
      metric => scoreIn(result, metric).value ?? Number.NaN,
    );
    expect(scoreIn(result, 'combined@3').value).toBeCloseTo(
      parts.reduce((sum, part) => sum + part, 0) / 3,
      12,
    );

    const without = await evaluate({ modelFolder: join(models, 'bpe'), evaluators });
    expect(without.from_cache).toBe(false); // another answer of Lean is another judgement
    expect(scoreIn(without, 'lean3@3').value).toBeNull();
    expect(scoreIn(without, 'combined@3').value).toBeNull();
    expect(scoreIn(without, 'bleu@3')).toEqual(scoreIn(result, 'bleu@3'));
  });

  test('an encoder-decoder model writes too', async () => {
    const evaluators = [evaluator('bleu@2', ['minif2f_heldout'])];
    const result = await evaluate({ modelFolder: join(models, 'unigram'), evaluators });
    expect(scoreIn(result, 'bleu@2')).toMatchObject({ n: 2, direction: 'higher_is_better' });
  });
});
