import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { ConfigError, errorCode } from '../errors.js';
import { type NewTraceEvent, type Trace, TraceEvent } from './trace.js';

let counter = 0;

/**
 * A trace in one file of JSON lines. Several processes may append at once: a line goes out in one write at the end of the
 * file. A line that a full disk or a crash cut short is closed off by the next append and skipped by readers.
 *
 * Writes are synchronous: a line takes microseconds, while a turn through the thread pool takes longer than the call it records.
 */
export class FileTrace implements Trace {
  readonly #path: string;
  #open: { readonly fd: number; readonly ino: number; readonly dev: number } | undefined;
  #endsWhole = false;

  constructor(path: string) {
    this.#path = path;
  }

  async append(event: NewTraceEvent): Promise<void> {
    counter += 1;
    const seq = `${Date.now().toString(36)}-${process.pid.toString(36)}-${counter.toString(36).padStart(4, '0')}`;
    const line = `${JSON.stringify({ at: new Date().toISOString(), seq, ...event })}\n`;
    const fd = this.#opened();
    const lead = this.#endsWhole || endsWithNewline(fd) ? '' : '\n';
    this.#endsWhole = false;
    writeWhole(fd, Buffer.from(lead + line));
    this.#endsWhole = true;
  }

  /** The file that has the name: where someone deleted or moved the one that had it, a new one, not the one that nobody finds. */
  #opened(): number {
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (this.#open !== undefined) {
      if (there?.ino === this.#open.ino && there.dev === this.#open.dev) return this.#open.fd;
      closeSync(this.#open.fd);
      this.#open = undefined;
    }
    this.#endsWhole = false;
    try {
      const fd = openSync(this.#path, 'a+');
      const { ino, dev } = fstatSync(fd);
      this.#open = { fd, ino, dev };
      return fd;
    } catch (error) {
      throw errorCode(error) === 'EISDIR' ? folderInItsPlace(this.#path, error) : error;
    }
  }
}

/** A full disk may take a part of a line: what is missing then fails here, and the next append closes the line off. */
function writeWhole(fd: number, line: Buffer): void {
  for (let written = 0; written < line.length; ) written += writeSync(fd, line, written);
}

function endsWithNewline(fd: number): boolean {
  const { size } = fstatSync(fd);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] === 0x0a;
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
    if (errorCode(error) === 'EISDIR') throw folderInItsPlace(path, error);
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

function folderInItsPlace(path: string, cause: unknown): ConfigError {
  return new ConfigError(
    `What happens in ${basename(dirname(path))} cannot be recorded: in its folder, ${basename(path)} is a folder and not a file. The operator must move it away; then try again.`,
    { cause },
  );
}

function parseLine(line: string): TraceEvent | undefined {
  try {
    return TraceEvent.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
