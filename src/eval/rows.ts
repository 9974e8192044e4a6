import { z } from 'zod';

const LogLikelihood = z.number().nullable();

/** One item of a suite with options, with the log-likelihoods that decide it; null where a value is not finite. */
export const ChoiceRow = z.strictObject({
  suite: z.enum(['blimp', 'mmlu', 'super_glue']),
  subtask: z.string(),
  item: z.number().int().nonnegative().describe('its number in the subtask'),
  gold: z.array(z.number().int().nonnegative()).describe('the right options'),
  values: z.array(LogLikelihood).nonempty().describe('summed log-likelihood of every option'),
  untrained: z.array(LogLikelihood).nonempty().describe('the same of a model with fresh weights'),
  harness: z
    .strictObject({ acc: z.number(), em: z.number(), f1: z.number() })
    .partial()
    .describe("the harness's own verdict on this item"),
  is_same: z.boolean().optional().describe('the two sentences are one and the same, as in pairs of BLiMP'),
});
export type ChoiceRow = z.infer<typeof ChoiceRow>;

/** A piece of a running text. */
export const TextRow = z.strictObject({
  suite: z.literal('bits_per_byte'),
  subtask: z.string(),
  item: z.number().int().nonnegative(),
  bytes: z.number().int().positive(),
  nats: LogLikelihood.describe('minus its log-likelihood'),
  untrained: LogLikelihood,
});
export type TextRow = z.infer<typeof TextRow>;

const BleuStatistics = z.strictObject({
  lengths: z.tuple([z.number(), z.number()]).describe('tokens of the prediction and of the reference'),
  matches: z.array(z.number()).length(4).describe('n-grams of one to four tokens that the reference has too'),
  totals: z.array(z.number()).length(4),
});

/** One generated text beside its reference. */
export const GenerationRow = z.strictObject({
  suite: z.literal('formalisation'),
  item: z.number().int().nonnegative(),
  name: z.string(),
  reference: z.string(),
  prediction: z.string(),
  rouge_l: z.number(),
  bleu_stats: z.strictObject({ bleu: BleuStatistics, bleu_white_space: BleuStatistics }),
});
export type GenerationRow = z.infer<typeof GenerationRow>;

/** What Lean 3 said about one generated text. */
export const LeanRow = z.strictObject({
  suite: z.literal('lean3'),
  item: z.number().int().nonnegative(),
  name: z.string(),
  verdict: z.enum(['refused', 'failed', 'timeout', 'incomplete', 'accepted']),
  compiles: z.boolean().describe('Lean ends with exit code 0'),
  is_clean: z.boolean().describe('and without sorry, #exit and foreign axioms, with a new declaration'),
  states_theorem: z.boolean().describe('and states what the reference states, word for word'),
  reason: z.string().describe('what was found: one line'),
});
export type LeanRow = z.infer<typeof LeanRow>;

/** Any row behind a score. */
export const Row = z.discriminatedUnion('suite', [ChoiceRow, TextRow, GenerationRow, LeanRow]);
export type Row = z.infer<typeof Row>;

/** The rows in JSON lines. Throws for a line that is none. */
export function parseRows(lines: string): Row[] {
  return lines
    .split('\n')
    .filter(line => line !== '')
    .map(line => Row.parse(JSON.parse(line)));
}

/** The first `count` rows of each subtask, in the order in which they stand. */
export function firstRows<R extends { readonly subtask: string }>(rows: readonly R[], count: number): R[] {
  const seen = new Map<string, number>();
  return rows.filter(({ subtask }) => {
    const before = seen.get(subtask) ?? 0;
    seen.set(subtask, before + 1);
    return before < count;
  });
}
