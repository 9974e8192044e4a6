import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { z } from 'zod';
import { isKnownError } from '../errors.js';
import { isLocked } from './file-lock.js';
import { isAlive } from './process-group.js';
import type { PythonProgress, PythonSpec } from './python-spec.js';

const Step = z.strictObject({ text: z.string(), done: z.number(), total: z.number() });

/** The last attempt that did not succeed. */
const Failure = z.strictObject({
  sentence: z.string().nullable().describe('what the operator must do; null where the fault is ours'),
  at: z.iso.datetime(),
  took_ms: z.number().nonnegative(),
  reached: z.number().nullable().describe('steps done, null where it failed before the first'),
});
export type SetupFailure = Readonly<z.infer<typeof Failure>>;

const SetupRecord = z.strictObject({
  version: z.literal(1),
  state: z.enum(['asked', 'making', 'failed']),
  since: z.iso.datetime(),
  pid: z.number().int().nullable().describe('who makes it'),
  progress: Step.nullable(),
  failure: Failure.nullable().describe('kept while it is tried again'),
});
type SetupRecord = z.infer<typeof SetupRecord>;

/** A process that was asked to make it has begun within this time, or has died. */
const BEGIN_WITHIN_MS = 15_000;

/** Where the making of an environment is written down, and the lock that its maker holds. */
export interface SetupFiles {
  readonly record: string;
  readonly lock: string;
}

/** Needs no interpreter to be named, unlike the environment's own folder: so it is there also where Python is missing. */
export async function setupFiles({ home, program, pipArgs, requirements }: PythonSpec): Promise<SetupFiles> {
  const wanted = JSON.stringify([program, pipArgs, await readFile(requirements, 'utf8')]);
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const base = join(home, 'python', `setup-${key}`);
  return { record: `${base}.json`, lock: `${base}.lock` };
}

/** How far the making of an environment is, as any process of this host sees it. */
export interface SetupSeen {
  /** `asked`: a process was started for it and has not begun yet. */
  readonly state: 'asked' | 'making' | 'idle';
  /** Since when it has been in that state, milliseconds since 1970. */
  readonly since: number;
  readonly progress: PythonProgress | null;
  /** Why the attempt before did not succeed; null where there was none. */
  readonly failure: SetupFailure | null;
}

/** A maker that was killed makes nothing, whatever it wrote last. */
export async function readSetup({ record, lock }: SetupFiles): Promise<SetupSeen> {
  const written = readRecord(record);
  if (written === undefined) return { state: 'idle', since: 0, progress: null, failure: null };
  const { state, pid, progress, failure } = written;
  const since = Date.parse(written.since);
  const isAsked = state === 'asked' && Date.now() - since < BEGIN_WITHIN_MS;
  const isMaking = state === 'making' && pid !== null && isAlive(pid) && (await isLocked(lock));
  return { state: isAsked ? 'asked' : isMaking ? 'making' : 'idle', since, progress, failure };
}

/** Whether it has got further than where it failed the last time: something has changed since. */
export function isBeyondFailure({ progress, failure }: Pick<SetupSeen, 'progress' | 'failure'>): boolean {
  if (failure === null) return true;
  return progress !== null && (failure.reached === null || progress.done > failure.reached);
}

/** Writes that a process was started for it. @throws the system's error, as on a full disk. */
export function writeAsked({ record }: SetupFiles): void {
  const failure = readRecord(record)?.failure ?? null;
  write(record, { state: 'asked', since: now(), pid: null, progress: null, failure });
}

export interface ReportSetup {
  readonly signal: AbortSignal;
  readonly onProgress: (step: PythonProgress) => void;
}

/** Makes something and keeps the record of it up to date for others to read. Call it while holding the lock. */
export async function reportSetup<T>(
  { record }: SetupFiles,
  { signal, onProgress }: ReportSetup,
  make: (onProgress: (step: PythonProgress) => void) => Promise<T>,
): Promise<T> {
  const began = Date.now();
  const since = now();
  const before = readRecord(record)?.failure ?? null;
  let last: PythonProgress | null = null;
  const note = () =>
    tryWrite(record, { state: 'making', since, pid: process.pid, progress: last, failure: before });
  note();
  try {
    const made = await make(step => {
      last = step;
      note();
      onProgress(step);
    });
    rmSync(record, { force: true });
    return made;
  } catch (error) {
    const failure = signal.aborted ? before : failureOf(error, Date.now() - began, last);
    tryWrite(record, { state: 'failed', since: now(), pid: null, progress: null, failure });
    throw error;
  }
}

function failureOf(error: unknown, took_ms: number, last: PythonProgress | null): SetupFailure {
  const sentence = isKnownError(error) ? error.message : null;
  return { sentence, at: now(), took_ms, reached: last?.done ?? null };
}

function now(): string {
  return new Date().toISOString();
}

/** The record is a courtesy to others: what went wrong with the disk shows in the making itself. */
function tryWrite(path: string, fields: Omit<SetupRecord, 'version'>): void {
  try {
    write(path, fields);
  } catch {
    return;
  }
}

/** In one go: what is reported later lies there later. */
function write(path: string, fields: Omit<SetupRecord, 'version'>): void {
  mkdirSync(dirname(path), { recursive: true });
  const record = { version: 1, ...fields } satisfies SetupRecord;
  writeFileAtomic.sync(path, `${JSON.stringify(record)}\n`, { fsync: false });
}

function readRecord(path: string): SetupRecord | undefined {
  try {
    return SetupRecord.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
