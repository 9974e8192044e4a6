import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { prepareEvaluationData } from '../../src/eval/evaluation-data.js';
import { freshPlace, NEVER, needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';

const run = promisify(execFile);

const Agreement = z.object({
  items: z.number(),
  rows: z.number(),
  same_choice: z.number(),
  same_verdict: z.number(),
  same_alone: z.number(),
  worst_difference: z.number(),
  worst_alone: z.number(),
  cuts_at_spaces: z.boolean(),
  picks_positions: z.boolean(),
});

let models: string;

beforeAll(async () => {
  models = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  const text = join(import.meta.dirname, 'formulas.test.ts'); // any English text; what the models know does not matter
  await python('make-suite-models.py', text, models);
});

afterAll(() => rmSync(models, { recursive: true, force: true }));

function python(script: string, ...args: string[]) {
  const environment = { HF_HUB_OFFLINE: '1', HF_DATASETS_OFFLINE: '1', TQDM_DISABLE: '1', HF_HOME: models };
  return run(inject('python'), ['-B', join(import.meta.dirname, script), ...args], {
    env: { PATH: '/usr/bin:/bin', HOME: models, OMP_WAIT_POLICY: 'PASSIVE', ...environment },
    maxBuffer: 1e8,
  });
}

async function compare(wanted: Record<string, unknown>): Promise<z.infer<typeof Agreement>> {
  const { stdout } = await python('agreement.py', JSON.stringify({ ...wanted, scratch: models }));
  return Agreement.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
}

/** The same choice and verdict on every item as the harness with its own model class; the same when every sequence is scored by itself. */
function expectSame({ items, ...found }: z.infer<typeof Agreement>, count: number): void {
  expect({ items, rows: found.rows }).toEqual({ items: count, rows: count });
  expect([found.same_choice, found.same_verdict, found.same_alone]).toEqual([count, count, count]);
  expect(found.worst_difference).toBeLessThanOrEqual(1e-4);
  expect(found.worst_alone).toBeLessThanOrEqual(1e-4);
}

test('a causal model: the engine agrees with the harness on BLiMP, whatever the batches', async () => {
  const place = freshPlace();
  const blimp = {
    id: 'blimp@2',
    metric: 'blimp@2',
    direction: 'higher_is_better',
    description: 'few',
  } as const;
  await prepareEvaluationData([blimp], place, NEVER);
  const found = await compare({
    model: join(models, 'bpe'),
    architecture: 'causal',
    data: join(place.home, 'data', 'eval'),
    suites: ['blimp'],
    rows: 2,
  });
  expectSame(found, 2 * 67);
  expect(found).toMatchObject({ cuts_at_spaces: true, picks_positions: true });
}, 600_000);

describe.skipIf(testDataLack !== undefined)(needsTestData('on MMLU and SuperGLUE'), () => {
  test('a causal model: the engine agrees with the harness, also where texts are cut', async () => {
    const found = await compare({
      model: join(models, 'bpe'),
      architecture: 'causal',
      data: TEST_DATA,
      suites: ['mmlu', 'super_glue'],
      rows: 2,
    });
    expectSame(found, 2 * (57 + 8));
  }, 600_000);

  test('an encoder-decoder model whose tokenizer does not cut at spaces: the engine agrees with the harness', async () => {
    const found = await compare({
      model: join(models, 'unigram'),
      architecture: 'seq2seq',
      data: TEST_DATA,
      suites: ['super_glue'],
      rows: 3,
    });
    expectSame(found, 3 * 8);
    expect(found.cuts_at_spaces).toBe(false);
  }, 600_000);
});
