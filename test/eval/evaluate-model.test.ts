import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type EvaluateModel, evaluateModel, type ModelEvaluation } from '../../src/eval/evaluate-model.js';
import { LOG_FILE, ROWS_FILE } from '../../src/eval/output-files.js';
import { ChoiceRow } from '../../src/eval/rows.js';
import { Score } from '../../src/runs/score.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';
import type { Task } from '../../src/tasks/task.js';
import {
  EXAMPLE,
  editJson,
  growPositions,
  modelFolder,
  readTensors,
  writeTensors,
} from '../runs/intake/model-folder.js';

/** The real harness over the real data, a few pairs of each subtask. */
const FEW = {
  id: 'blimp@2',
  metric: 'blimp@2',
  direction: 'higher_is_better',
  description: 'few rows',
} as const;
const SETTINGS = { device: 'cpu', memory_gb: 16, time_limit_min: 10 };
const TEXT = 'The old house stood on a hill . \n It was empty . \n';

let home: string;
let models: string;
let example: ModelEvaluation;
const steps: string[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  models = join(home, 'models');
  const made = spawnSync(inject('python'), [join(import.meta.dirname, 'make-models.py'), EXAMPLE, models], {
    encoding: 'utf8',
  });
  expect(made.stderr.includes('Traceback')).toBe(false);
  mkdirSync(join(home, 'data', 'eval', 'wikitext2'), { recursive: true });
  writeFileSync(join(home, 'data', 'eval', 'wikitext2', 'test.txt'), TEXT);
  example = await evaluate(EXAMPLE, {
    outputFolder: join(home, 'example'),
    onProgress: ({ step }) => steps.push(step),
  });
}, 300_000);

afterAll(() => rmSync(home, { recursive: true, force: true }));

function evaluate(folder: string, changes: Partial<EvaluateModel> = {}): Promise<ModelEvaluation> {
  return evaluateModel({
    task: miniBabyLm,
    evaluators: [FEW],
    modelFolder: folder,
    python: async () => inject('python'),
    home,
    outputFolder: mkdtempSync(join(home, 'out-')),
    settings: SETTINGS,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  });
}

function rowsIn(folder: string): ChoiceRow[] {
  const lines = readFileSync(join(folder, ROWS_FILE), 'utf8').trimEnd().split('\n');
  return lines.map(line => ChoiceRow.parse(JSON.parse(line)));
}

function scoreOf({ scores }: ModelEvaluation, metric: string): Score {
  const score = scores.find(candidate => candidate.metric === metric);
  if (score === undefined) throw new Error(`there is no score ${metric}`);
  return Score.parse(score);
}

/** The example, or another sound model, with its tensors changed. */
function withTensors(edit: (tensors: ReturnType<typeof readTensors>) => void, original = EXAMPLE): string {
  const folder = join(mkdtempSync(join(home, 'model-')), 'model');
  cpSync(original, folder, { recursive: true });
  const tensors = readTensors(join(folder, 'model.safetensors'));
  edit(tensors);
  writeTensors(join(folder, 'model.safetensors'), tensors);
  return folder;
}

/** What a bad model ends as: invalid, by one sentence. */
async function refusal(
  folder: string,
  changes: Partial<EvaluateModel> = {},
): Promise<{ rule: string; message: string }> {
  const { outcome, findings, scores } = await evaluate(folder, changes);
  expect({ outcome, scores }).toEqual({ outcome: 'invalid', scores: [] });
  const [finding, ...more] = findings;
  if (finding === undefined || more.length > 0)
    throw new Error(`one finding is expected, not ${JSON.stringify(findings)}`);
  expect(miniBabyLm.rules.map(rule => rule.id)).toContain(finding.rule);
  expect(finding.message).not.toMatch(/Traceback|Error:|File "/);
  return finding;
}

test('the score is the mean of the subtask accuracies, recomputed by hand from the rows', () => {
  const rows = rowsIn(join(home, 'example'));
  const accuracies = [...new Set(rows.map(row => row.subtask))].map(subtask => {
    const pairs = rows.filter(row => row.subtask === subtask);
    return pairs.filter(({ values: [good, bad] }) => Number(good) > Number(bad)).length / pairs.length;
  });
  const score = scoreOf(example, 'blimp@2');
  expect(example.outcome).toBe('valid');
  expect(rows).toHaveLength(2 * 67);
  expect(score.n).toBe(2 * 67);
  expect(accuracies).toHaveLength(67);
  expect(score.value).toBeCloseTo(accuracies.reduce((sum, accuracy) => sum + accuracy, 0) / 67, 12);
  expect(Object.keys(score.parts ?? {})).toHaveLength(67);
  expect(score.beside?.harness_acc).toBeCloseTo(score.value ?? -1, 12); // nothing ties here
});

test('the floor is measured on the same rows: the example is untrained, so it lies on its floor', () => {
  const score = scoreOf(example, 'blimp@2');
  expect(score.floors.untrained?.value).toBe(score.value);
});

test('the record says with what it was measured, and progress names the steps', () => {
  expect(example.provenance).toMatchObject({
    evaluator: 'blimp@2',
    harness: 'lm_eval 0.4.13',
    device: 'cpu',
    dtype: 'float32',
  });
  expect(example.provenance?.libraries.transformers).toBe('5.18.0');
  expect([...new Set(steps)]).toEqual([
    'checking files',
    'preparing the evaluation data',
    'starting',
    'loading the model',
    'measuring speed and memory',
    'scoring blimp',
    'measuring perplexity',
    'scoring an untrained model: blimp',
  ]);
  expect(readdirSync(join(home, 'scratch'))).toEqual([]);
  expect(readdirSync(join(home, 'example')).sort()).toEqual([ROWS_FILE, LOG_FILE].sort());
});

test('size, memory, speed and perplexity stand beside the score', () => {
  expect(scoreOf(example, 'parameters').value).toBe(
    257 * 16 + 1024 * 16 + 2 * (12 * 16 ** 2 + 13 * 16) + 2 * 16,
  );
  expect(scoreOf(example, 'peak_memory').value).toBeGreaterThan(1e8);
  expect(scoreOf(example, 'ms_per_new_token').value).toBeGreaterThan(0);
  expect(scoreOf(example, 'ms_per_new_token').n).toBe(3);
  const perToken = scoreOf(example, 'wikitext2_token_perplexity');
  const perWord = scoreOf(example, 'wikitext2_word_perplexity');
  expect(perToken.n).toBe(Buffer.byteLength(TEXT)); // a token is a byte, and the BOS token precedes the first
  expect(perWord.n).toBe(12);
  expect(Math.abs((perToken.value ?? 0) - 257)).toBeLessThan(5); // untrained: every byte about equally likely
  expect(Math.log(perWord.value ?? 0) * 12).toBeCloseTo(
    Math.log(perToken.value ?? 0) * Buffer.byteLength(TEXT),
    6,
  );
});

test('the same weights are scored once: the second time no Python is asked for, and the rows are there again', async () => {
  const copy = modelFolder();
  writeFileSync(join(copy, 'README.md'), 'another text');
  const outputFolder = mkdtempSync(join(home, 'out-'));
  const again = await evaluate(copy, {
    outputFolder,
    python: () => Promise.reject(new Error('Python was asked for')),
  });
  expect(again.from_cache).toBe(true);
  expect(again.scores).toEqual(example.scores);
  expect(again.provenance).toEqual(example.provenance);
  expect(rowsIn(outputFolder)).toEqual(rowsIn(join(home, 'example')));
});

test('a damaged cache is not believed', async () => {
  const cache = join(home, 'cache', 'scores');
  const kept = join(home, 'kept');
  cpSync(cache, kept, { recursive: true });
  for (const name of readdirSync(cache).filter(name => name.endsWith('.gz')))
    writeFileSync(join(cache, name), 'torn');
  await expect(
    evaluate(EXAMPLE, { python: () => Promise.reject(new Error('Python was asked for')) }),
  ).rejects.toThrow('Python was asked for');
  cpSync(kept, cache, { recursive: true });
});

test('a model whose files break a rule is refused without Python', async () => {
  const folder = modelFolder();
  writeFileSync(join(folder, 'pytorch_model.bin'), '');
  const { message } = await refusal(folder, {
    python: () => Promise.reject(new Error('Python was asked for')),
  });
  expect(message).toContain('safetensors only');
});

test('an encoder-decoder model is scored too', async () => {
  const { outcome, scores } = await evaluate(join(models, 'seq2seq'));
  expect(outcome).toBe('valid');
  expect(scores[0]?.value).toBeGreaterThan(0.2);
  expect(scores.find(score => score.metric === 'wikitext2_word_perplexity')).toMatchObject({
    value: null,
    reason: expect.stringContaining('causal'),
  });
});

test('a model that cannot tell sentences apart is valid; its ties count as wrong and are pointed out', async () => {
  const { outcome, findings, scores } = await evaluate(join(models, 'constant'));
  const tied = scores[0]?.beside?.tie_share ?? 0;
  expect(outcome).toBe('valid');
  expect(tied).toBeGreaterThan(0.1);
  expect(scores[0]?.beside?.harness_acc).toBeCloseTo((scores[0]?.value ?? 0) + tied, 9);
  expect(findings).toEqual([
    { rule: 'loads', severity: 'suspicion', message: expect.stringContaining('% of the pairs tie') },
  ]);
});

test('a model that sees what stands after a word is refused', async () => {
  const { rule, message } = await refusal(join(models, 'sees_ahead'));
  expect({ rule, message }).toEqual({
    rule: 'loads',
    message: expect.stringContaining('what stands after it'),
  });
});

test('a model with finite weights that yields NaN is refused', async () => {
  const { rule, message } = await refusal(join(models, 'overflows'));
  expect({ rule, message }).toEqual({ rule: 'loads', message: expect.stringContaining('not finite') });
});

test('a missing tensor is refused, also of a family whose tensors only the loader knows: its weights would be random', async () => {
  const { rule, message } = await refusal(
    withTensors(
      tensors => {
        delete tensors['model.norm.weight'];
      },
      join(models, 'unusual'),
    ),
  );
  expect(rule).toBe('tensors');
  expect(message).toContain('lack "model.norm.weight"');
});

test('a tensor that the model does not have is refused, also where only the loader knows', async () => {
  const { rule, message } = await refusal(
    withTensors(
      tensors => {
        tensors['extra.weight'] = { dtype: 'F32', shape: [1], data: new Uint8Array(4) };
      },
      join(models, 'unusual'),
    ),
  );
  expect(rule).toBe('tensors');
  expect(message).toContain('"extra.weight"');
});

test('a tokenizer that makes all texts the same is refused', async () => {
  const folder = modelFolder();
  editJson(folder, 'tokenizer.json', {
    normalizer: { type: 'Replace', pattern: { Regex: '.+' }, content: 'x' },
  });
  const { rule, message } = await refusal(folder);
  expect(rule).toBe('tokenizer');
  expect(message).toContain('maps different sentences to the same tokens');
});

test('a tokenizer whose library panics over a pattern is refused', async () => {
  const folder = modelFolder();
  const pattern = { Regex: '(\\w+\\s?)+(\\w+\\s?)+(\\w+\\s?)+(\\w+\\s?)+$^' };
  editJson(folder, 'tokenizer.json', {
    pre_tokenizer: { type: 'Split', pattern, behavior: 'Isolated', invert: false },
  });
  const { rule, message } = await refusal(folder);
  expect({ rule, message }).toEqual({
    rule: 'tokenizer',
    message: expect.stringContaining('fails on plain sentences'),
  });
});

test('a model that needs more memory than scoring allows is refused, not our fault', async () => {
  const folder = modelFolder();
  growPositions(folder, 30_000_000);
  const task: Task = {
    ...miniBabyLm,
    submission: { ...miniBabyLm.submission, max_bytes: 2e9, max_parameters: 1e9 },
  };
  const gigabytes = peakOfLibraries() / 1e9 + 1.2;
  const { rule, message } = await refusal(folder, { task, settings: { ...SETTINGS, memory_gb: gigabytes } });
  expect({ rule, message }).toEqual({
    rule: 'resources',
    message: expect.stringContaining('more memory than scoring allows'),
  });
}, 300_000);

/** Address space that the libraries take by themselves on this machine. */
function peakOfLibraries(): number {
  const script =
    'import lm_eval.models.huggingface, datasets; print([l for l in open("/proc/self/status") if l.startswith("VmPeak")][0])';
  const { stdout } = spawnSync(inject('python'), ['-I', '-c', script], { encoding: 'utf8' });
  return Number(/(\d+) kB/.exec(stdout)?.[1]) * 1024;
}

test('too little memory for the libraries themselves is the operator’s to mend', async () => {
  await expect(
    evaluate(
      withTensors(() => undefined),
      { settings: { ...SETTINGS, memory_gb: 0.3 } },
    ),
  ).rejects.toThrow('The scoring process stopped with exit code');
});
