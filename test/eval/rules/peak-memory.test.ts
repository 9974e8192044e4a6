import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { evaluateModel } from '../../../src/eval/evaluate-model.js';
import { measureScores } from '../../../src/eval/measure-scores.js';
import { checkPeakMemory } from '../../../src/eval/rules/peak-memory.js';
import { miniBabyLm } from '../../../src/tasks/mini-baby-lm/task.js';
import { miniEdgeLlmTraining } from '../../../src/tasks/mini-edge-llm-training/task.js';
import type { Task, TaskRule } from '../../../src/tasks/task.js';
import { EXAMPLE } from '../../runs/intake/model-folder.js';

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

describe('the scorer', () => {
  const TASK = { ...miniEdgeLlmTraining, submission: miniBabyLm.submission }; // takes the type of the example
  const home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it('lets a model pass that keeps to the limit, and tells what it took', async () => {
    const { outcome, findings, scores } = await evaluate(TASK);
    expect({ outcome, findings }).toEqual({ outcome: 'valid', findings: [] });
    expect(scores.map(({ metric }) => metric)).toContain('peak_memory');
  });

  it('stops a model as soon as it takes more', async () => {
    const steps: string[] = [];
    const rules: readonly TaskRule[] = [{ id: 'peak_memory', text: 'Next to nothing.', max_bytes: 1000 }];
    // Another version: what was measured for the first would be taken from the cache.
    const { outcome, findings, scores } = await evaluate(
      { ...miniEdgeLlmTraining, version: 99, rules },
      steps,
    );
    expect({ outcome, scores }).toEqual({ outcome: 'invalid', scores: [] });
    expect(findings).toMatchObject([
      { rule: 'peak_memory', severity: 'broken', message: expect.stringContaining('was stopped at') },
    ]);
    expect(steps).not.toContain('scoring blimp');
  });

  function evaluate(task: Task, steps: string[] = []) {
    return evaluateModel({
      task,
      evaluators: [{ id: 'blimp@1', metric: 'blimp@1', direction: 'higher_is_better', description: 'few' }],
      modelFolder: EXAMPLE,
      python: async () => inject('python'),
      home,
      outputFolder: mkdtempSync(join(home, 'out-')),
      settings: { device: 'cpu', memory_gb: 16, time_limit_min: 10 },
      onProgress: ({ step }) => steps.push(step),
      signal: new AbortController().signal,
    });
  }
}, 300_000);
