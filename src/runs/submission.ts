import { z } from 'zod';

/** One frozen file, by its path inside the submission. */
export const SubmissionFile = z.strictObject({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});
export type SubmissionFile = z.infer<typeof SubmissionFile>;

/** What was handed in, frozen at that moment. */
export const Submission = z.strictObject({
  submitted_at: z.iso.datetime(),
  at_deadline: z.boolean().describe('handed in by the clock, not by the contestant'),
  model_path: z.string().describe('where it lay, relative to the workspace'),
  claimed_metric: z.string().nullable(),
  note: z.string().nullable(),
  files: z.array(SubmissionFile),
  bytes: z.number().int().nonnegative(),
  parameters: z.number().int().nonnegative().nullable().describe('counted from tensor shapes'),
  digest: z.string().describe('SHA-256 over the names and digests of all files'),
});
export type Submission = z.infer<typeof Submission>;

/** A model folder that was accepted and is being frozen. It stands in the run's record until the submission does. */
export const HandIn = z.strictObject({
  accepted_at: z.iso.datetime(),
  model_path: z.string().describe('relative to the workspace'),
  claimed_metric: z.string().nullable(),
  note: z.string().nullable(),
  at_deadline: z.boolean().optional().describe('handed in by the clock'),
});
export type HandIn = Readonly<z.infer<typeof HandIn>>;
