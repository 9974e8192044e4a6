import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import type { TextFinder } from '../../lib/text-finder.js';

/** A passage of a file that repeats what is looked for. */
export interface Passage {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

const CHUNK_BYTES = 1 << 20;
/** Characters seen twice, so that a passage across two pieces is found. */
const OVERLAP = 2000;

/** Passages of a text file, read in pieces. A file that holds a zero byte at its beginning is no text: null. */
export async function searchText(
  handle: FileHandle,
  finder: TextFinder,
  signal: AbortSignal,
): Promise<Passage[] | null> {
  if (await isBinary(handle)) return null;
  const passages: Passage[] = [];
  let [kept, line] = ['', 1];
  const stream = createReadStream('', {
    fd: handle,
    autoClose: false,
    start: 0,
    encoding: 'utf8',
    highWaterMark: CHUNK_BYTES,
    signal,
  });
  for await (const piece of stream) {
    const text = kept + String(piece);
    passages.push(...passagesIn(text, line, finder));
    const from = Math.max(0, text.length - OVERLAP);
    line += newlinesIn(text, 0, from);
    kept = text.slice(from);
  }
  return passages;
}

async function isBinary(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(4096), 0, 4096, 0);
  return buffer.subarray(0, bytesRead).includes(0);
}

function passagesIn(text: string, firstLine: number, finder: TextFinder): Passage[] {
  let [line, at] = [firstLine, 0];
  return finder.find(text).map(({ start, end }) => {
    line += newlinesIn(text, at, start);
    at = start;
    return { line, text: text.slice(start, end) };
  });
}

function newlinesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
