import { expect, test } from 'vitest';
import { BLIMP } from '../../src/eval/blimp.js';
import { judgeChoices } from '../../src/eval/choice-score.js';
import type { ChoiceRow } from '../../src/eval/rows.js';

const EVALUATOR = {
  id: 'blimp@4',
  metric: 'blimp@4',
  direction: 'higher_is_better',
  description: 'test',
} as const;
const NAME = { id: 'blimp@4', suite: 'blimp', rows: 4 } as const;

function rows(subtask: string, pairs: readonly (readonly [number | null, number | null])[]): ChoiceRow[] {
  return pairs.map(([good, bad], item) => ({
    suite: 'blimp',
    subtask,
    item,
    is_same: false,
    gold: [0],
    values: [good, bad],
    untrained: [-1, -2],
    harness: { acc: 1 },
  }));
}

function judged(pairs: readonly ChoiceRow[]) {
  return judgeChoices(EVALUATOR, NAME, BLIMP, pairs);
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
  expect(judged(pairs).score.value).toBe((1 + 1 / 4) / 2);
});

test('a tie is wrong, and so is a value that is not finite on either side', () => {
  const { value, beside } = judged(
    rows('a', [
      [-1, -1],
      [null, -1],
      [-1, null],
      [-1, -2],
    ]),
  ).score;
  expect(value).toBe(0.25);
  expect(beside).toMatchObject({ tie_share: 0.25, non_finite_share: 0.5 });
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
  expect(judged(pairs).score.standard_error).toBeCloseTo(expected, 12);
});

test('a model that always ties is valid with value 0, and is pointed out', () => {
  const { score, findings } = judged(
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
  const { findings } = judged(
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
  const { score } = judged(pairs);
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
  const { score } = judged([{ ...first, is_same: true }, ...rest]);
  expect(score.ceiling).toEqual({ value: 0.75, reason: expect.stringContaining('1 of the pairs') });
});
