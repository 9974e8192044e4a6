import { join } from 'node:path';
import { z } from 'zod';
import { openRegularFile } from '../../runs/intake/open-regular-file.js';

/** Where the merging package keeps its record, in a workspace. */
export const RECORD_PATH = join('llm_merging', 'merges.jsonl');

const Merged = z.object({ path: z.string(), digest: z.string() });

/** One line of the record, as `record.py` of the package writes it. The contestant could have written it as well. */
export const MergeRecord = z.object({
  version: z.literal(1),
  method: z.object({ name: z.string(), file: z.string(), sha256: z.string() }),
  base: Merged,
  sources: z
    .array(
      Merged.extend({
        weight: z.number(),
        published: z.iso.date().nullable(),
        revision: z.string().nullable(),
      }),
    )
    .nonempty(),
  dtype: z.enum(['float32', 'float16', 'bfloat16']),
  settings: z.record(z.string(), z.unknown()),
  weights_digest: z.string(),
  seconds: z.number().nonnegative(),
});
export type MergeRecord = Readonly<z.infer<typeof MergeRecord>>;

const MAX_BYTES = 10_000_000;

/** The merges that a workspace tells of, oldest first; lines that are none are left out, and there are none where the file cannot be read. */
export async function readMergeRecords(workspace: string): Promise<MergeRecord[]> {
  return (await readText(join(workspace, RECORD_PATH))).split('\n').flatMap(line => {
    const parsed = MergeRecord.safeParse(asJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

async function readText(path: string): Promise<string> {
  try {
    await using handle = await openRegularFile(path);
    return (await handle.stat()).size > MAX_BYTES ? '' : await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof Error) return '';
    throw error;
  }
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
