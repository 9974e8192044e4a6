import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readLines } from '../lib/read-lines.js';
import { locateDataset } from './locate-dataset.js';
import type { DataPlace } from './locations.js';

/** Words from the beginning of a text of a row: a question is told by fewer, a passage needs no more to be known. */
const MAX_WORDS = 40;

/**
 * The texts of a data set that is scored on: a running text as a whole, of rows the beginnings of all their texts. Null where it is not on this host.
 * @throws InputError for an id that is none; ConfigError if the package is damaged or the disk full.
 */
export async function evaluationTexts(id: string, place: DataPlace, signal: AbortSignal) {
  const located = await locateDataset(id, place, signal);
  if (!located.isFound) return null;
  const { folder, record } = located;
  const paths = record.files.map(({ path }) => join(folder, path));
  return { digest: record.digest, read: () => readTexts(paths, signal) };
}

async function readTexts(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  const texts = new Set<string>();
  for (const path of paths) {
    if (path.endsWith('.jsonl')) await addRows(path, texts, signal);
    else texts.add(await readFile(path, { encoding: 'utf8', signal }));
  }
  return [...texts];
}

async function addRows(path: string, texts: Set<string>, signal: AbortSignal): Promise<void> {
  for await (const line of readLines(path, signal)) {
    for (const text of textsIn(JSON.parse(line))) texts.add(text.split(/\s+/, MAX_WORDS).join(' '));
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
