import { createReadStream } from 'node:fs';
import { appendFile, open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { errorCode } from '../errors.js';
import { type NewTraceEvent, type Trace, TraceEvent } from './trace.js';

let counter = 0;

/**
 * A trace in one file of JSON lines. Several processes may append at once: a line goes out in one write at the end of the
 * file. A line that a full disk or a crash cut short is closed off by the next append and skipped by readers.
 */
export class FileTrace implements Trace {
  readonly #path: string;
  #endsWhole = false;

  constructor(path: string) {
    this.#path = path;
  }

  async append(event: NewTraceEvent): Promise<void> {
    counter += 1;
    const seq = `${Date.now().toString(36)}-${process.pid.toString(36)}-${counter.toString(36).padStart(4, '0')}`;
    const line = `${JSON.stringify({ at: new Date().toISOString(), seq, ...event })}\n`;
    const lead = this.#endsWhole || (await endsWithNewline(this.#path)) ? '' : '\n';
    this.#endsWhole = false;
    await appendFile(this.#path, lead + line);
    this.#endsWhole = true;
  }
}

async function endsWithNewline(path: string): Promise<boolean> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size === 0) return true;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return true;
    throw error;
  }
}

export interface TraceReading {
  readonly events: readonly TraceEvent[];
  /** Lines that are no event: cut short by a crash, or changed by hand. */
  readonly damagedLines: number;
}

/** All events of a trace file in the order in which they were written. A missing file is an empty trace. */
export async function readTrace(path: string): Promise<TraceReading> {
  const events: TraceEvent[] = [];
  let damagedLines = 0;
  for await (const line of linesOf(path)) {
    const event = parseLine(line);
    if (event !== undefined) events.push(event);
    else if (line !== '') damagedLines += 1;
  }
  return { events, damagedLines };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  try {
    yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function parseLine(line: string): TraceEvent | undefined {
  try {
    return TraceEvent.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
