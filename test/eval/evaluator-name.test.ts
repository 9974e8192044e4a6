import { expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import { parseEvaluator } from '../../src/eval/evaluator-name.js';

test('an evaluator names its rows', () => {
  expect(parseEvaluator('blimp')).toEqual({ id: 'blimp', suite: 'blimp', rows: 1000 });
  expect(parseEvaluator('blimp@100')).toEqual({ id: 'blimp@100', suite: 'blimp', rows: 100 });
});

test.each(['blmp', 'blimp@', 'blimp@0', 'blimp@1001', 'blimp@1e2', 'blimp@-1', 'mmlu', ''])(
  'the unknown name "%s" is refused with the known ones',
  name => {
    expect(() => parseEvaluator(name)).toThrow(InputError);
    expect(() => parseEvaluator(name)).toThrow(/Known: blimp, blimp@N/);
  },
);
