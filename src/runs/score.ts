import { z } from 'zod';
import { Direction } from '../tasks/task.js';
import { Finding, Outcome } from './outcome.js';

const Interval = z.tuple([z.number(), z.number()]);

/** A reference level for a metric, or why there is none. */
export const Reference = z.strictObject({
  value: z.number().nullable(),
  reason: z.string().optional().describe('why there is no value, or how it was obtained'),
});
export type Reference = z.infer<typeof Reference>;

/** One measured value with everything needed to judge it; or the reason there is none. */
export const Score = z.strictObject({
  version: z.literal(1),
  metric: z.string(),
  value: z.number().nullable(),
  reason: z.string().optional().describe('why there is no value, or what it is and rests on'),
  host_lacks: z
    .literal(true)
    .optional()
    .describe('there is no value since something that measuring needs is not on the host'),
  direction: Direction,
  unit: z.string().optional(),
  n: z.number().int().nonnegative().describe('rows scored'),
  standard_error: z.number().nullable(),
  interval_95: Interval.nullable(),
  floors: z.record(z.string(), Reference).describe('levels that take no skill, on the same rows'),
  ceiling: Reference,
  paper: z
    .strictObject({ baseline: z.number(), runs: z.record(z.string(), z.array(z.number()).readonly()) })
    .nullable()
    .describe('the published baseline and runs for the same metric, where the paper has them'),
  parts: z.record(z.string(), z.number()).optional().describe('value by subtask'),
  beside: z.record(z.string(), z.number()).optional().describe('the same rows by another formula, labelled'),
  rows_path: z.string().optional().describe('the rows behind the value, relative to the evaluation folder'),
});
export type Score = z.infer<typeof Score>;

/** What a number was measured with. */
export const Provenance = z.strictObject({
  evaluator: z.string(),
  evaluator_version: z.string(),
  harness: z.string(),
  libraries: z.record(z.string(), z.string()),
  data_digest: z.string(),
  weights_digest: z.string(),
  device: z.string(),
  dtype: z.string(),
  batch_size: z.number().int().positive().describe('sequences in the largest batch; no score depends on it'),
  seconds: z.number().nonnegative(),
});
export type Provenance = z.infer<typeof Provenance>;

/** How far an evaluation is, and at its end what it found. Written to `evaluation/evaluation.json`. */
export const Evaluation = z.strictObject({
  version: z.literal(1),
  state: z
    .enum(['queued', 'running', 'done', 'failed', 'stopped'])
    .describe('stopped: the operator cancelled it; only `mlrb evaluate` goes on with it'),
  requested_at: z.iso.datetime(),
  starts: z.number().int().nonnegative().describe('how often a process began it'),
  finished_at: z.iso.datetime().optional(),
  progress: z.strictObject({
    step: z.string(),
    done: z.number().nonnegative(),
    total: z.number().nonnegative(),
  }),
  outcome: Outcome.optional(),
  findings: z.array(Finding),
  scores: z.array(Score),
  provenance: Provenance.optional(),
  from_cache: z.boolean(),
  reason: z.string().optional().describe('why it failed: one sentence for the operator'),
});
export type Evaluation = z.infer<typeof Evaluation>;
