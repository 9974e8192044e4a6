import { expect, test } from 'vitest';
import { judgeBitsPerByte } from '../../src/eval/bits-per-byte.js';
import type { TextRow } from '../../src/eval/rows.js';

const EVALUATOR = {
  id: 'bits_per_byte',
  metric: 'bits_per_byte',
  direction: 'lower_is_better',
  description: 'test',
} as const;

function rows(
  subtask: string,
  chunks: readonly (readonly [bytes: number, bits: number | null])[],
): TextRow[] {
  return chunks.map(([bytes, bits], item) => ({
    suite: 'bits_per_byte',
    subtask,
    item,
    bytes,
    nats: bits === null ? null : bits * Math.LN2,
    untrained: bytes * 8 * Math.LN2,
  }));
}

test('bits by bytes over a whole text, the mean over texts, however long each is', () => {
  const texts = [
    ...rows('a', [
      [100, 200],
      [300, 400],
    ]),
    ...rows('b', [[1000, 4000]]),
  ];
  const { score, findings } = judgeBitsPerByte(EVALUATOR, texts);
  expect(score.value).toBeCloseTo((600 / 400 + 4) / 2, 12);
  expect(score.parts?.a).toBeCloseTo(1.5, 12);
  expect(score.direction).toBe('lower_is_better');
  expect(score.floors.untrained?.value).toBeCloseTo(8, 12);
  expect(findings).toEqual([]);
});

test('the interval comes from how much the chunks differ: none where they are alike, the wider the more they differ', () => {
  const alike = judgeBitsPerByte(EVALUATOR, rows('a', [[100, 200], [200, 400], [50, 100]])).score; // biome-ignore format: one line
  expect(alike.standard_error).toBeCloseTo(0, 12);
  const chunks = [[100, 150], [100, 250], [100, 200]] as const; // biome-ignore format: one line
  const different = judgeBitsPerByte(EVALUATOR, rows('a', chunks)).score;
  // Chunks of one length: the ordinary standard error of the mean of 1.5, 2.5 and 2.
  expect(different.standard_error).toBeCloseTo(0.5 / Math.sqrt(3), 12);
  const [low, high] = different.interval_95 ?? [0, 0];
  expect(high - low).toBeCloseTo((2 * 1.96 * 0.5) / Math.sqrt(3), 12);
});

test('a text with a value that is not finite has no bits per byte, and breaks a rule', () => {
  const { score, findings } = judgeBitsPerByte(EVALUATOR, rows('a', [[100, 200], [100, null]])); // biome-ignore format: one line
  expect(score.value).toBeNull();
  expect(findings.map(({ severity }) => severity)).toEqual(['broken']);
});
