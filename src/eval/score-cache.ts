import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { writeJson } from '../lib/atomic-write.js';
import { sha256 } from '../lib/packed-data.js';
import { Finding } from '../runs/outcome.js';
import { Provenance, Score } from '../runs/score.js';

/** What is kept of a judgement: everything that the same weights would lead to again. */
export const Judgement = z.strictObject({
  version: z.literal(1),
  findings: z.array(Finding).readonly(),
  scores: z.array(Score).readonly(),
  provenance: Provenance,
  rows_sha256: z.string().nullable().describe('of the rows behind the scores; null where there are none'),
});
export type Judgement = z.infer<typeof Judgement>;

/** A judgement with the rows behind it, as JSON lines. */
export interface JudgementWithRows {
  readonly judgement: Judgement;
  readonly rows: string | null;
}

/** What the judgement depends on, in a form that the same values always give. */
export function cacheKey(parts: Readonly<Record<string, unknown>>): string {
  return sha256(JSON.stringify(Object.entries(parts).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** The judgement under a key; undefined if there is none or if what is there was damaged. */
export async function readCached(home: string, key: string): Promise<JudgementWithRows | undefined> {
  try {
    const judgement = Judgement.parse(JSON.parse(await readFile(pathOf(home, key, '.json'), 'utf8')));
    if (judgement.rows_sha256 === null) return { judgement, rows: null };
    const rows = (await promisify(gunzip)(await readFile(pathOf(home, key, '.rows.jsonl.gz')))).toString(
      'utf8',
    );
    return sha256(rows) === judgement.rows_sha256 ? { judgement, rows } : undefined;
  } catch {
    return undefined; // scoring again mends it
  }
}

/** Keeps a judgement. The rows come first: a record never stands without them. */
export async function writeCached(
  home: string,
  key: string,
  { judgement, rows }: JudgementWithRows,
): Promise<void> {
  const rowsPath = pathOf(home, key, '.rows.jsonl.gz');
  await mkdir(dirname(rowsPath), { recursive: true });
  if (rows !== null) await writeFileAtomic(rowsPath, await promisify(gzip)(rows));
  await writeJson(pathOf(home, key, '.json'), judgement);
}

function pathOf(home: string, key: string, ending: string): string {
  return join(home, 'cache', 'scores', key + ending);
}
