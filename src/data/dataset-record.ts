import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { count, grouped } from '../lib/text.js';

/** The name of a data set's record, beside its files. */
export const RECORD_FILE = 'dataset.json';

export const RecordFile = z.strictObject({
  path: z.string(),
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
  rows: z.number().int().nonnegative().optional(),
  words: z.number().int().nonnegative().optional().describe('of a text, split at white space'),
});
export type RecordFile = Readonly<z.infer<typeof RecordFile>>;

/** Where the files in a folder came from. */
export const RecordOrigin = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('package') }),
  z.strictObject({
    kind: z.literal('hub'),
    repo: z.string(),
    repo_type: z.enum(['dataset', 'model']),
    revision: z.string().describe('the commit'),
  }),
  z.strictObject({ kind: z.literal('folder'), folder: z.string() }),
  z.strictObject({
    kind: z.literal('built'),
    from: z.record(z.string(), z.string()).describe('the data sets it was made from, with their digests'),
  }),
]);
export type RecordOrigin = Readonly<z.infer<typeof RecordOrigin>>;

/** What lies in a data set's folder. Written together with the files: where it is, they were whole. */
export const DatasetRecord = z.strictObject({
  version: z.literal(1),
  id: z.string(),
  role: z.enum(['train', 'eval']),
  origin: RecordOrigin,
  made_by: z.string().describe('names the rule or program that made the files; another one makes them anew'),
  files: z.array(RecordFile).readonly(),
  digest: z.string().describe('SHA-256 over the paths and digests of the files'),
  sample: z
    .array(z.strictObject({ path: z.string(), rows: z.number().int(), of: z.number().int() }))
    .readonly()
    .describe('files that hold fewer rows than the whole set has'),
  differs: z
    .array(z.string())
    .readonly()
    .describe('files whose content is not the known one, which the operator accepted'),
  made_at: z.iso.datetime(),
});
export type DatasetRecord = Readonly<z.infer<typeof DatasetRecord>>;

/** The record in a folder; undefined where there is none or it cannot be read. */
export async function readRecord(folder: string): Promise<DatasetRecord | undefined> {
  try {
    return DatasetRecord.parse(JSON.parse(await readFile(join(folder, RECORD_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

/** SHA-256 over the paths and digests of files, whatever their order. */
export function digestOfFiles(files: readonly Pick<RecordFile, 'path' | 'sha256'>[]): string {
  const lines = files.map(({ path, sha256 }) => `${sha256}  ${path}\n`).sort();
  return createHash('sha256').update(lines.join('')).digest('hex');
}

/** What a score on this data must say beside itself; null where the data are the whole known set. */
export function noteOf({ sample, differs }: Pick<DatasetRecord, 'sample' | 'differs'>): string | null {
  const parts = sample.map(({ path, rows, of }) => `${path} has ${grouped(rows)} of ${count(of, 'row')}`);
  const sentences = [
    ...(parts.length === 0 ? [] : [`a sample: ${someOf(parts)}`]),
    ...(differs.length === 0 ? [] : [`not the known content: ${someOf(differs)}`]),
  ];
  return sentences.length === 0 ? null : sentences.join('; ');
}

/** Some data sets have hundreds of files; the record has them all. */
const MOST_NAMED = 8;

function someOf(files: readonly string[]): string {
  const more = files.length - MOST_NAMED;
  return `${files.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${count(more, 'more file')}` : ''}`;
}
