import { z } from 'zod';

/** What `docker/eval/score.py` says, one JSON line each. */
export const ScorerMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), step: z.string(), done: z.number(), total: z.number() }),
  z.strictObject({ type: z.literal('fault'), message: z.string() }),
  z.strictObject({ type: z.literal('finding'), rule: z.string(), message: z.string() }),
  z.strictObject({
    type: z.literal('libraries'),
    versions: z.strictObject({ harness: z.string(), libraries: z.record(z.string(), z.string()) }),
    device: z.string(),
  }),
  z.strictObject({
    type: z.literal('generation'),
    speed: z
      .strictObject({
        new_tokens: z.number().int().positive(),
        seconds: z.array(z.number().positive()).nonempty(),
      })
      .nullable(),
  }),
  z.strictObject({
    type: z.literal('memory'),
    peak_bytes: z.number().int().nonnegative(),
    before_bytes: z.number().int().nonnegative(),
    kind: z.enum(['resident', 'gpu']),
  }),
  z.strictObject({
    type: z.literal('perplexity'),
    measured: z
      .strictObject({ nats: z.number().nullable(), tokens: z.number().int(), words: z.number().int() })
      .nullable(),
    reason: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('result'), harness_acc: z.number(), seconds: z.number() }),
]);
export type ScorerMessage = z.infer<typeof ScorerMessage>;
export type MessageOf<T extends ScorerMessage['type']> = Extract<ScorerMessage, { type: T }>;

/** One pair of sentences with the log-likelihoods that decide it; null where a value is not finite. */
export const BlimpRow = z.strictObject({
  subtask: z.string(),
  pair_id: z.string(),
  is_same: z.boolean().describe('the two sentences are one and the same, as in seven pairs of BLiMP'),
  good: z.number().nullable(),
  bad: z.number().nullable(),
  harness_acc: z.number().describe("the harness's own verdict"),
  untrained_good: z.number().nullable(),
  untrained_bad: z.number().nullable(),
});
export type BlimpRow = z.infer<typeof BlimpRow>;
