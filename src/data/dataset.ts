import { z } from 'zod';

/** One file of a data set in its canonical form, as it lies in the data set's folder. */
export const DatasetFile = z.strictObject({
  path: z.string().describe("name below the data set's folder"),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .describe(
      'of the content; absent where it is not known before it is fetched, then it is noted when it is',
    ),
  rows: z.number().int().positive().optional().describe('of the whole; fewer of them are a sample'),
});
export type DatasetFile = Readonly<z.infer<typeof DatasetFile>>;

/** Where a data set comes from. */
export const Origin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('package') }).describe('ships with the package, compressed'),
  z.strictObject({
    kind: z.literal('hub'),
    repo: z.string().describe('`owner/name` on the Hugging Face hub'),
    repo_type: z.enum(['dataset', 'model']),
    revision: z.string().describe('a commit, or a branch whose commit is noted when it is fetched'),
    gated: z.boolean().describe('needs a token whose owner has accepted its terms'),
  }),
  z
    .strictObject({
      kind: z.literal('folder'),
      get: z.string().describe('how to get it, as a sentence'),
    })
    .describe('on no hub: taken from a folder that the operator names'),
  z.strictObject({
    kind: z.literal('built'),
    from: z.array(z.string()).readonly().describe('the data sets it is made from, by id'),
    by: z
      .enum(['rule', 'training'])
      .describe('a fixed rule, in a moment; or a small model trained here, in a minute'),
  }),
]);
export type Origin = Readonly<z.infer<typeof Origin>>;

/**
 * Something a task trains on or is scored on. `train` data may be mounted in a sandbox; `eval` data never is. The two lie in folders apart:
 * `<home>/data/train/<id>` and `<home>/data/eval/<id>`.
 */
export const Dataset = z.strictObject({
  id: z.string().regex(/^[a-z0-9_-]{1,60}$/),
  title: z.string(),
  role: z.enum(['train', 'eval']),
  format: z.enum(['text', 'rows', 'model']),
  folder: z.string().optional().describe('name of its folder where that is not its id'),
  files: z.array(DatasetFile).readonly().describe('empty where the names are known only once it is there'),
  origin: Origin,
  licence: z.string(),
  source: z.string(),
});
export type Dataset = Readonly<z.infer<typeof Dataset>>;
