import { expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import { parseEvaluator } from '../../src/eval/evaluator-name.js';

test('an evaluator names its rows', () => {
  expect(parseEvaluator('blimp')).toEqual({ id: 'blimp', suite: 'blimp', rows: 1000 });
  expect(parseEvaluator('blimp@100')).toEqual({ id: 'blimp@100', suite: 'blimp', rows: 100 });
  expect(parseEvaluator('super_glue@25')).toEqual({ id: 'super_glue@25', suite: 'super_glue', rows: 25 });
  expect(parseEvaluator('bits_per_byte').suite).toBe('bits_per_byte');
});

test.each([
  'blmp',
  'blimp@',
  'blimp@0',
  'blimp@1001',
  'blimp@1e2',
  'blimp@-1',
  'mmlu@1535',
  'bits_per_byte@5',
  'toString',
  '',
])('the unknown name "%s" is refused with the known ones', name => {
  expect(() => parseEvaluator(name)).toThrow(InputError);
  expect(() => parseEvaluator(name)).toThrow(/Known: blimp, blimp@N/);
});
