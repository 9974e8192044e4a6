import { expect, test } from 'vitest';
import { blimpAccuracy } from '../../src/eval/blimp.js';
import { judgeBlimp } from '../../src/eval/blimp-score.js';
import type { BlimpRow } from '../../src/eval/scorer-message.js';

const EVALUATOR = {
  id: 'blimp@4',
  metric: 'blimp@4',
  direction: 'higher_is_better',
  description: 'test',
} as const;
const NAME = { id: 'blimp@4', suite: 'blimp', rows: 4 } as const;

function rows(subtask: string, pairs: readonly (readonly [number | null, number | null])[]): BlimpRow[] {
  return pairs.map(([good, bad], at) => ({
    subtask,
    pair_id: String(at),
    is_same: false,
    good,
    bad,
    harness_acc: 1,
    untrained_good: -1,
    untrained_bad: -2,
  }));
}

test('accuracy is the mean over subtasks, however many pairs each has', () => {
  const pairs = [
    ...rows('a', [[-1, -2]]),
    ...rows('b', [
      [-1, -2],
      [-2, -1],
      [-2, -1],
      [-2, -1],
    ]),
  ];
  expect(blimpAccuracy(pairs).value).toBe((1 + 1 / 4) / 2);
});

test('a tie is wrong, and so is a value that is not finite on either side', () => {
  const { value, tieShare, nonFiniteShare } = blimpAccuracy(
    rows('a', [
      [-1, -1],
      [null, -1],
      [-1, null],
      [-1, -2],
    ]),
  );
  expect({ value, tieShare, nonFiniteShare }).toEqual({ value: 0.25, tieShare: 0.25, nonFiniteShare: 0.5 });
});

test('the standard error is that of a mean of two independent means', () => {
  const pairs = [
    ...rows('a', [
      [-1, -2],
      [-2, -1],
      [-1, -2],
      [-2, -1],
    ]),
    ...rows('b', [
      [-1, -2],
      [-1, -2],
      [-1, -2],
      [-2, -1],
    ]),
  ];
  const expected = Math.sqrt((0.5 * 0.5) / 3 + (0.75 * 0.25) / 3) / 2;
  expect(blimpAccuracy(pairs).standardError).toBeCloseTo(expected, 12);
});

test('a model that always ties is valid with value 0, and is pointed out', () => {
  const { score, findings } = judgeBlimp(
    EVALUATOR,
    NAME,
    rows('a', [
      [-3, -3],
      [-3, -3],
    ]),
  );
  expect(score.value).toBe(0);
  expect(score.beside?.harness_acc).toBe(1);
  expect(findings).toEqual([
    { rule: 'loads', severity: 'suspicion', message: expect.stringMatching(/^100\.0 % of the pairs tie/) },
  ]);
});

test('a model without any finite value breaks a rule', () => {
  const { findings } = judgeBlimp(
    EVALUATOR,
    NAME,
    rows('a', [
      [null, null],
      [null, -1],
    ]),
  );
  expect(findings.map(finding => finding.severity)).toEqual(['broken']);
});

test('only the first rows of each subtask count, and the floors stand on the same rows', () => {
  const pairs = rows('a', [
    [-1, -2],
    [-1, -2],
    [-1, -2],
    [-1, -2],
    [-2, -1],
    [-2, -1],
  ]);
  const { score } = judgeBlimp(EVALUATOR, NAME, pairs);
  expect(score).toMatchObject({ value: 1, n: 4, ceiling: { value: 1 }, paper: null });
  expect(score.floors.untrained?.value).toBe(1);
  expect(score.floors.chance?.value).toBe(0.5);
  expect(score.floors.always_first_option?.value).toBeNull();
});

test('a pair of two equal sentences lowers the ceiling, since no model can be right there', () => {
  const [first, ...rest] = rows('a', [
    [-1, -1],
    [-1, -2],
    [-1, -2],
    [-1, -2],
  ]);
  if (first === undefined) throw new Error('a row is expected');
  const { score } = judgeBlimp(EVALUATOR, NAME, [{ ...first, is_same: true }, ...rest]);
  expect(score.ceiling).toEqual({ value: 0.75, reason: expect.stringContaining('1 of the pairs') });
});
