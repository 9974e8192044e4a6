import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../lib/package-root.js';
import { residentBytes } from '../../lib/resident-memory.js';
import { PdfLine } from './pdf-line.js';

/** The text of a PDF, page by page. */
export const PdfText = z.strictObject({
  title: z.string(),
  page_count: z.number().int(),
  pages: z.array(z.string()).describe('fewer than page_count where the text is longer than is taken'),
});
export type PdfText = Readonly<z.infer<typeof PdfText>>;

/** Why a PDF has no text for us. */
export type PdfFault = 'encrypted' | 'malformed' | 'too_heavy';

export class PdfFailure extends Error {
  override readonly name = 'PdfFailure';
  readonly fault: PdfFault;

  constructor(fault: PdfFault, detail: string) {
    super(detail);
    this.fault = fault;
  }
}

const PROGRAM = join(PACKAGE_ROOT, 'dist', 'tools', 'papers', 'extract-pdf.js');
const MAX_CHARS = 4_000_000;
const TIME_LIMIT_MS = 60_000;
/** Of the JavaScript heap; buffers come on top, so what the whole process holds is watched too. */
const HEAP_MB = 320;
const MAX_RESIDENT_BYTES = 480e6;
const WATCH_EVERY_MS = 50;

/**
 * The text of a PDF file, extracted in a process of its own with little memory, little time and an empty environment.
 * @throws PdfFailure if it has a password, is damaged, or takes more than 480 MB or 60 s; the signal's reason on abort.
 */
export async function extractPdfText(path: string, signal: AbortSignal): Promise<PdfText> {
  const args = [`--max-old-space-size=${HEAP_MB}`, '--disallow-code-generation-from-strings', PROGRAM, path];
  const child = spawn(process.execPath, [...args, String(MAX_CHARS)], {
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close');
  ended.catch(() => undefined); // told by read
  const guard = watch(child);
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  try {
    const text = await read(child.stdio[3]);
    await ended;
    signal.throwIfAborted();
    if (guard.fault !== undefined) throw new PdfFailure('too_heavy', guard.fault);
    if (text === undefined) throw new PdfFailure(endOf(child), 'the process ended early');
    return text;
  } finally {
    guard.end();
    signal.removeEventListener('abort', stop);
    child.kill('SIGKILL');
  }
}

/** A process that ran out of its heap ends with SIGABRT. */
function endOf({ signalCode, exitCode }: ChildProcess): PdfFault {
  return signalCode === 'SIGABRT' || signalCode === 'SIGKILL' || exitCode === 134 ? 'too_heavy' : 'malformed';
}

/** Undefined if the output ends before the text does. */
async function read(output: unknown): Promise<PdfText | undefined> {
  if (!(output instanceof Readable)) throw new Error('the process has no output');
  const pages: string[] = [];
  let document = { title: '', pages: 0 };
  for await (const line of createInterface({ input: output, crlfDelay: Number.POSITIVE_INFINITY })) {
    const said = PdfLine.safeParse(parse(line)).data;
    if (said === undefined) continue; // warnings of the library
    if (said.type === 'failure') throw new PdfFailure(said.reason, said.detail);
    if (said.type === 'document') document = said;
    if (said.type === 'page') pages.push(said.text);
    if (said.type === 'end') return { title: document.title, page_count: document.pages, pages };
  }
  return undefined;
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

interface Guard {
  readonly fault: string | undefined;
  end(): void;
}

/** Ends the process when it takes too long or too much memory. */
function watch(child: ChildProcess): Guard {
  const guard: { fault: string | undefined; end: () => void } = { fault: undefined, end: () => undefined };
  const stop = (fault: string) => {
    guard.fault ??= fault;
    child.kill('SIGKILL');
  };
  const clock = setTimeout(() => stop('time'), TIME_LIMIT_MS);
  const memory = setInterval(async () => {
    const resident = child.pid === undefined ? undefined : await residentBytes(child.pid);
    if (resident !== undefined && resident > MAX_RESIDENT_BYTES) stop('memory');
  }, WATCH_EVERY_MS);
  guard.end = () => {
    clearTimeout(clock);
    clearInterval(memory);
  };
  return guard;
}
