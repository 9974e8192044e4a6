import { z } from 'zod';

/**
 * How an attempt ended, beside every number and never in it: `valid`, `invalid` (breaks a rule), `no_submission`
 * (left without handing in), `expired` (time ran out with nothing to hand in), `failed` (our fault; may be evaluated again).
 */
export const Outcome = z.enum(['valid', 'invalid', 'no_submission', 'expired', 'failed']);
export type Outcome = z.infer<typeof Outcome>;

/** A rule that a submission breaks, or a suspicion about it, with what was found. */
export const Finding = z.strictObject({
  rule: z.string().describe('the rule or check, as the task lists it'),
  severity: z.enum(['broken', 'suspicion']),
  message: z.string().describe('one sentence of ours: what was found and what to do'),
  evidence: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('what the finding rests on, a line each: files, tensors, numbers'),
});
export type Finding = z.infer<typeof Finding>;
