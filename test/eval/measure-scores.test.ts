import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareEvaluationData } from '../../src/eval/evaluation-data.js';
import { measureScores } from '../../src/eval/measure-scores.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { writeReadOnly } from '../../src/lib/packed-data.js';

const measured = {
  parameters: 1,
  bytes: 1,
  generation: { type: 'generation', speed: null },
  memory: { type: 'memory', peak_bytes: 1, before_bytes: 1, kind: 'resident' },
  perplexity: { type: 'perplexity', measured: null, reason: 'what the scorer says' },
} as const;

test('a perplexity that could not be measured for want of the text says where the operator puts it', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mlrb-test-'));
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  const prepare = () => prepareEvaluationData([], place, new AbortController().signal);
  const before = await prepare();
  const absent = measureScores({ ...measured, hasText: before.textPath !== null }).at(-1);
  expect(absent).toMatchObject({ metric: 'wikitext2_token_perplexity', value: null });
  const named = /the operator puts it at (\S+) in the home folder/.exec(absent?.reason ?? '')?.[1] ?? '';
  expect(isAbsolute(named)).toBe(false);
  await writeReadOnly(join(home, named), 'A text . \n');
  expect((await prepare()).textPath).toBe(join(home, named));
  await rm(home, { recursive: true });
});

test('a perplexity that could not be measured for another reason gives that', () => {
  expect(measureScores({ ...measured, hasText: true }).at(-1)?.reason).toBe('what the scorer says');
});

test('the interval of a speed is as wide as three measurements leave it', () => {
  const generation = {
    type: 'generation' as const,
    speed: { new_tokens: 10, seconds: [0.01, 0.02, 0.03] },
  };
  const scores = measureScores({ ...measured, generation, hasText: true });
  const speed = scores.find(({ metric }) => metric === 'ms_per_new_token');
  expect(speed).toMatchObject({ n: 3 });
  expect(speed?.value).toBeCloseTo(2, 9);
  // Student's t with two degrees of freedom: 4.303 standard errors of 1 / sqrt(3) on either side.
  expect(speed?.interval_95?.[0]).toBeCloseTo(2 - 4.303 / Math.sqrt(3), 3);
  expect(speed?.interval_95?.[1]).toBeCloseTo(2 + 4.303 / Math.sqrt(3), 3);
});
