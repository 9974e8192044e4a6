import { z } from 'zod';

const CorpusBleu = z.strictObject({
  value: z.number().describe('0 to 1'),
  interval_95: z.tuple([z.number(), z.number()]).nullable(),
  signature: z.string().describe('how sacrebleu computed it'),
});

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
  z.strictObject({
    type: z.literal('formalisation'),
    results: z
      .array(
        z.strictObject({
          rows: z.number().int().positive(),
          bleu: CorpusBleu,
          bleu_white_space: CorpusBleu,
          echo: z
            .strictObject({ bleu: z.number(), rouge_l: z.number() })
            .describe('of the statement in words, handed back as it is'),
        }),
      )
      .readonly(),
  }),
  z.strictObject({
    type: z.literal('result'),
    seconds: z.number(),
    largest_batch: z.number().int().positive().describe('sequences'),
  }),
]);
export type ScorerMessage = z.infer<typeof ScorerMessage>;
export type MessageOf<T extends ScorerMessage['type']> = Extract<ScorerMessage, { type: T }>;
