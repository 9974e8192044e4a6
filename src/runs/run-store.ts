import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, errorCode, InputError, SandboxError } from '../errors.js';
import { writeJson } from '../lib/atomic-write.js';
import { isLocked, withFileLock } from '../lib/file-lock.js';
import { quotedName } from '../lib/text.js';
import type { Budget } from '../tasks/task.js';
import { FileTrace, readTrace, type TraceReading } from './file-trace.js';
import { RecordFiles } from './record-files.js';
import { isLegalStep, Run, type RunState } from './run.js';
import { type RunFolder, runFolder } from './run-folder.js';
import { Evaluation } from './score.js';
import type { Trace } from './trace.js';

const Pointer = z.strictObject({ version: z.literal(1), run_id: Run.shape.run_id });
type Pointer = z.infer<typeof Pointer>;
/** State changes are short; a holder that takes longer than this has died or hangs. */
const LOCK_WAIT_MS = 20_000;

export interface NewRun {
  readonly task_id: string;
  readonly task_version: number;
  readonly principal: string;
  readonly note: string | null;
  readonly sandbox: Run['sandbox'];
  readonly network: Run['network'];
  readonly budget: Budget;
}

/** A run, or the sentence that says why its record cannot be read. */
export type ListedRun =
  | { readonly run_id: string; readonly run: Run }
  | { readonly run_id: string; readonly damaged: string };

/** Runs on disk, one folder each. Several processes may use one store at once. */
export class RunStore {
  readonly #home: string;
  readonly #traces = new Map<string, Trace>();
  readonly #runs = new RecordFiles(Run);
  readonly #pointers = new RecordFiles(Pointer);
  readonly #evaluations = new RecordFiles(Evaluation);

  constructor(home: string) {
    this.#home = home;
  }

  folder(runId: string): RunFolder {
    return runFolder(join(this.#home, 'runs', Run.shape.run_id.parse(runId)));
  }

  trace(runId: string): Trace {
    const known = this.#traces.get(runId) ?? new FileTrace(this.folder(runId).trace);
    this.#traces.set(runId, known);
    return known;
  }

  readTrace(runId: string): Promise<TraceReading> {
    return readTrace(this.folder(runId).trace);
  }

  /** Makes the folder and the record of a new run, in state `created`, and makes it the principal's current run. */
  async create(fields: NewRun): Promise<Run> {
    const run: Run = {
      version: 1,
      run_id: `run_${randomBytes(8).toString('hex')}`,
      ...fields,
      state: 'created',
      created_at: new Date().toISOString(),
      started_at: null,
      deadline_at: null,
      ended_at: null,
      submission: null,
      outcome: null,
      reason: null,
    };
    const folder = this.folder(run.run_id);
    await mkdir(folder.workspace, { recursive: true });
    await writeJson(folder.record, run);
    await this.trace(run.run_id).append({ type: 'run_state', from: null, to: 'created', reason: null });
    await this.#point(run.principal, run.run_id);
    return run;
  }

  /**
   * @throws InputError if there is no such run.
   * @throws ConfigError if its record is damaged, or is not there while its folder is.
   */
  async read(runId: string): Promise<Run> {
    const id = Run.shape.run_id.safeParse(runId);
    const unknown = `There is no run ${quotedName(runId, 60)}. \`mlrb runs\` lists the runs that are there.`;
    if (!id.success) throw new InputError(unknown);
    const { root, record } = this.folder(id.data);
    const run = this.#runs.read(record);
    if (run !== undefined) return run;
    if (!existsSync(root)) throw new InputError(unknown);
    throw new ConfigError(
      `The folder ${root} has no record of its run: run.json is missing. Restore it from a copy, or move the folder away.`,
    );
  }

  /** All runs, newest first. */
  async list(): Promise<ListedRun[]> {
    const names = await readdir(join(this.#home, 'runs')).catch(error => {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    });
    const ids = names.filter(name => Run.shape.run_id.safeParse(name).success);
    const runs = await Promise.all(ids.map(id => this.#listed(id)));
    return runs.sort((a, b) => createdAt(b).localeCompare(createdAt(a)));
  }

  async #listed(runId: string): Promise<ListedRun> {
    try {
      return { run_id: runId, run: await this.read(runId) };
    } catch (error) {
      return { run_id: runId, damaged: error instanceof Error ? error.message : String(error) };
    }
  }

  /**
   * The run that the principal's calls act on: the one it started last. Where the file that names it is damaged: the one that is on by the
   * runs' own records, and the file is written anew.
   * @throws ConfigError if the run's record is damaged, or that file and not exactly one run of the principal is on.
   */
  async current(principal: string): Promise<Run | undefined> {
    const pointer = await this.#pointerOf(principal);
    return pointer === undefined ? undefined : this.read(pointer.run_id);
  }

  async #pointerOf(principal: string): Promise<Pointer | undefined> {
    try {
      return this.#pointers.read(this.#pointerPath(principal));
    } catch (cause) {
      const { run_id } = await this.#onlyRunOn(principal, cause);
      await this.#point(principal, run_id).catch(() => undefined); // the next call tries again
      return { version: 1, run_id };
    }
  }

  #point(principal: string, run_id: string): Promise<void> {
    return writeJson(this.#pointerPath(principal), { version: 1, run_id } satisfies Pointer);
  }

  async #onlyRunOn(principal: string, cause: unknown): Promise<Run> {
    const listed = await this.list();
    const runs = listed.flatMap(entry => ('run' in entry ? [entry.run] : []));
    const [run, ...others] = runs.filter(each => each.principal === principal && each.state === 'running');
    const file = `The file that names the current run of ${principal} is damaged`;
    if (run === undefined) throw new ConfigError(`${file}, and no run of that name is on.`, { cause });
    if (others.length === 0) return run;
    const ids = [run, ...others].map(({ run_id }) => run_id).join(', ');
    throw new ConfigError(
      `${file}, and several runs of that name are on: ${ids}. \`mlrb cancel RUN\` ends those that are not wanted.`,
      { cause },
    );
  }

  /**
   * Runs `task` while no other process of this host starts a run for the same principal.
   * @throws SandboxError if another one takes too long.
   */
  withPrincipal<T>(principal: string, task: () => Promise<T>): Promise<T> {
    const busy = busyWith(`starting a run for ${principal}`);
    return withFileLock(`${this.#pointerPath(principal)}.lock`, { waitMs: LOCK_WAIT_MS, busy }, task);
  }

  /**
   * Runs `task` while no other process changes the state of the run. `step` may be called inside.
   * @throws SandboxError if another one takes longer than `waitMs`.
   */
  withRun<T>(runId: string, task: () => Promise<T>, waitMs = LOCK_WAIT_MS): Promise<T> {
    return withFileLock(this.folder(runId).lock, { waitMs, busy: busyWith(`changing run ${runId}`) }, task);
  }

  /** Whether some living process changes the state of the run. */
  isChanging(runId: string): Promise<boolean> {
    return isLocked(this.folder(runId).lock);
  }

  /**
   * Moves a run to another state and writes what changed with it. Call it inside `withRun`.
   * @throws InputError if the run has meanwhile moved to a state from which that step is not possible.
   */
  async step(runId: string, to: RunState, changes: Partial<Run> = {}): Promise<Run> {
    const run = await this.read(runId);
    if (!isLegalStep(run.state, to)) {
      throw new InputError(
        `Run ${runId} is ${run.state} and cannot become ${to}. Call run_status to see where it stands.`,
      );
    }
    const next = Run.parse({ ...run, ...changes, state: to });
    await writeJson(this.folder(runId).record, next);
    await this.trace(runId).append({ type: 'run_state', from: run.state, to, reason: next.reason });
    return next;
  }

  /** Changes fields of a run without a change of state. Call it inside `withRun`. */
  async amend(runId: string, changes: Partial<Omit<Run, 'state' | 'run_id' | 'version'>>): Promise<Run> {
    const next = Run.parse({ ...(await this.read(runId)), ...changes });
    await writeJson(this.folder(runId).record, next);
    return next;
  }

  /** How far the evaluation of a run is; undefined if none was asked for. */
  async readEvaluation(runId: string): Promise<Evaluation | undefined> {
    return this.#evaluations.read(this.folder(runId).evaluationRecord);
  }

  async writeEvaluation(runId: string, evaluation: Evaluation): Promise<void> {
    await writeJson(this.folder(runId).evaluationRecord, evaluation);
  }

  /** Whether some living process is evaluating the run. */
  isBeingEvaluated(runId: string): Promise<boolean> {
    return isLocked(this.folder(runId).evaluationLock);
  }

  /** Runs `task` as the only evaluation of the run on this host; fails with code `ELOCKED` at once if there is another. */
  withEvaluation<T>(runId: string, task: () => Promise<T>): Promise<T> {
    return withFileLock(this.folder(runId).evaluationLock, { waitMs: 0 }, task);
  }

  #pointerPath(principal: string): string {
    return join(this.#home, 'principals', `${encodeURIComponent(principal)}.json`);
  }
}

function busyWith(work: string): (cause: unknown) => SandboxError {
  return cause =>
    new SandboxError(`Another process is ${work} right now. Try again in a few seconds.`, { cause });
}

function createdAt(listed: ListedRun): string {
  return 'run' in listed ? listed.run.created_at : '';
}
