import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../errors.js';
import { readLines } from '../lib/read-lines.js';
import type { ReadFiles, ReadRow } from './sources/source.js';

/** Rows of JSON lines, JSON lists, CSV with a heading, and Parquet, by the ending of the name; numbered from 1 in each file. */
export const readRows: ReadFiles = async function* (folder, files, signal) {
  for (const file of files) {
    let number = 0;
    for await (const row of readerOf(file)(join(folder, file), file, signal)) {
      number += 1;
      yield { row, file, number } satisfies ReadRow;
    }
  }
};

type Reader = (path: string, file: string, signal: AbortSignal) => AsyncIterable<unknown>;

function readerOf(file: string): Reader {
  if (file.endsWith('.jsonl')) return readJsonLines;
  if (file.endsWith('.json')) return readJsonList;
  if (file.endsWith('.csv')) return readCsv;
  if (file.endsWith('.parquet')) return readParquet;
  throw new Error(`no reader for ${file}`);
}

const FRESH = 'Take a fresh copy of the file, or mend it.';

async function* readJsonLines(path: string, file: string, signal: AbortSignal): AsyncGenerator<unknown> {
  let number = 0;
  for await (const line of readLines(path, signal)) {
    number += 1;
    if (line.trim() === '') continue;
    yield parsed(line, `${file}, row ${number}: it is not JSON. ${FRESH}`);
  }
}

async function* readJsonList(path: string, file: string, signal: AbortSignal): AsyncGenerator<unknown> {
  const text = await readFile(path, { encoding: 'utf8', signal });
  const list = parsed(text, `${file} is not JSON. ${FRESH}`);
  if (!Array.isArray(list)) throw new InputError(`${file} is not a list of rows. ${FRESH}`);
  yield* list;
}

function parsed(text: string, sentence: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(sentence, { cause: error });
  }
}

async function* readCsv(path: string, file: string, signal: AbortSignal): AsyncGenerator<unknown> {
  const { parse } = await import('csv-parse/sync');
  const text = await readFile(path, { encoding: 'utf8', signal });
  try {
    yield* parse(text, { columns: true, bom: true, skip_empty_lines: true });
  } catch (error) {
    throw new InputError(`${file} is not CSV as it should be. ${FRESH}`, { cause: error });
  }
}

/** One group of rows at a time, so that a large file needs little memory. */
async function* readParquet(path: string, file: string, signal: AbortSignal): AsyncGenerator<unknown> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  const damaged = `${file} is not a whole Parquet file. ${FRESH}`;
  const buffer = await asyncBufferFromFile(path);
  const metadata = await orSentence(damaged, () => parquetMetadataAsync(buffer));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    signal.throwIfAborted();
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await orSentence(damaged, () =>
      parquetReadObjects({ file: buffer, metadata, compressors, rowStart, rowEnd }),
    );
    for (const row of rows) yield plain(row);
    rowStart = rowEnd;
  }
}

async function orSentence<T>(sentence: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new InputError(sentence, { cause: error });
  }
}

/** Numbers of 64 bits come as BigInt; those in these rows are small. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
