import { expect, it } from 'vitest';
import { measureScores } from '../../../src/eval/measure-scores.js';
import { checkPeakMemory } from '../../../src/eval/rules/peak-memory.js';
import type { TaskRule } from '../../../src/tasks/task.js';

const RULES: readonly TaskRule[] = [{ id: 'peak_memory', text: 'At most 100 MB.', max_bytes: 100e6 }];

it.each([100e6, 1e6, 0])('%d bytes above what was there before keep to a limit of as many', needed => {
  expect(checkPeakMemory(RULES, measured(needed))).toEqual([]);
});

it('one byte more breaks the rule, with both numbers as evidence', () => {
  const [finding] = checkPeakMemory(RULES, measured(100e6 + 1));
  expect(finding).toMatchObject({ rule: 'peak_memory', severity: 'broken' });
  expect(finding?.evidence).toEqual([
    expect.stringContaining('600000001 bytes'),
    'before loading 500000000 bytes',
  ]);
});

it('a task without the rule limits nothing, and where nothing was measured nothing is said', () => {
  expect(checkPeakMemory([], measured(1e12))).toEqual([]);
  expect(checkPeakMemory(RULES, [])).toEqual([]);
});

function measured(above: number) {
  return measureScores({
    parameters: 1,
    bytes: 1,
    generation: { type: 'generation', speed: null },
    memory: { type: 'memory', before_bytes: 500e6, peak_bytes: 500e6 + above, kind: 'resident' },
    perplexity: { type: 'perplexity', measured: null, reason: null },
    hasText: false,
  });
}
