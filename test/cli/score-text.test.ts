import { expect, test } from 'vitest';
import { provenanceLines, scoreLines } from '../../src/cli/score-text.js';
import type { Score } from '../../src/runs/score.js';

const score: Score = {
  version: 1,
  metric: 'super_glue',
  value: 0.5,
  reason: 'The data are a sample: record/validation.jsonl has 264 of 10,000 rows.',
  direction: 'higher_is_better',
  n: 9557,
  standard_error: 0.01,
  interval_95: [0.48, 0.52],
  floors: {},
  ceiling: { value: 1 },
  paper: null,
};

test('a score on a sample says so where it is printed', () => {
  expect(scoreLines(score).join('\n')).toContain('The data are a sample: record/validation.jsonl has 264');
});

test('below the scores stand the versions of what measured them, and digests of weights and data', () => {
  const text = provenanceLines({
    evaluator: 'super_glue',
    evaluator_version: '2-abc',
    harness: 'lm_eval 0.4.13',
    libraries: { torch: '2.13.0', transformers: '5.18.0' },
    data_digest: 'd'.repeat(64),
    weights_digest: 'e'.repeat(64),
    device: 'cpu',
    dtype: 'float32',
    batch_size: 4,
    seconds: 12,
  }).join('\n');
  expect(text).toContain('torch 2.13.0, transformers 5.18.0');
  expect(text).toContain(`weights ${'e'.repeat(16)}`);
  expect(text).toContain(`data ${'d'.repeat(16)}`);
});
