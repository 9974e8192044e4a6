import { mkdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError, SandboxError } from '../../errors.js';
import { exists } from '../../lib/exists.js';
import { endExecutor } from '../executor/end-executor.js';
import { ExecutorClient } from '../executor/executor-client.js';
import type { ExecutorSettings } from '../executor/executor-program.js';
import { type ExecutorState, readExecutorState } from '../executor/executor-state.js';
import { deafExecutor, sandboxHasEnded, timeIsUp } from '../executor/sentences.js';
import { underStartLock } from '../executor/start-lock.js';
import { timeLeftBy, timeLeftByRecord } from '../executor/time-left.js';
import { ExecutorSandbox } from '../executor-sandbox.js';
import type {
  CallOptions,
  RunPlace,
  Sandbox,
  SandboxBackend,
  SandboxPaths,
  SandboxSpec,
} from '../sandbox.js';
import { copyData } from './copy-data.js';
import { isExecutorAlive, startExecutor, sweepRun } from './executor-process.js';
import { askInterpreter, type Interpreter } from './interpreter.js';
import { jobEnvironment, type RunPlaces, runPlaces } from './run-places.js';
import { hasProcesses } from './run-processes.js';
import { makeRunVenv } from './run-venv.js';
import { makeSocketPath } from './socket-path.js';

export interface LocalBackendOptions {
  /** Path or name of the Python interpreter that contestants get; asked for on first use. */
  readonly python: () => Promise<string>;
}

/** Time for an executor that is alive to make its socket again after someone removed it. */
const PATIENCE_MS = 3000;
/** An executor kills for up to 10 seconds, waits for open file operations, and looks for strays. */
const END_TIMEOUT_MS = 40_000;

/**
 * Runs contestants as plain processes of this user, for demos and trusted agents: nothing is isolated. Enforced are the
 * wall clock and (by a scan, every second or more seldom) the disk limit; `memory_bytes`, `cpus`, `gpus` and the network are not.
 */
export class LocalBackend implements SandboxBackend {
  readonly kind = 'local';
  readonly warning =
    'The local sandbox isolates nothing: what a contestant runs can do all that this user can; use it for demos and trusted agents only.';
  readonly #python: () => Promise<string>;
  #interpreter: Promise<Interpreter> | undefined;

  constructor({ python }: LocalBackendOptions) {
    this.#python = python;
  }

  networkFor(): 'unrestricted' {
    return 'unrestricted';
  }

  pathsFor({ run_folder }: Pick<SandboxSpec, 'run_folder' | 'data_folder'>): SandboxPaths {
    const { workspace, data } = runPlaces(run_folder);
    return { workspace, data };
  }

  async create(spec: SandboxSpec, options: CallOptions): Promise<Sandbox> {
    await this.#prepare(spec, options);
    return this.attach(spec, spec.limits.wall_clock_s, options);
  }

  async attach(spec: SandboxSpec, secondsLeft: number, options: CallOptions): Promise<Sandbox> {
    const deadline = performance.now() + secondsLeft * 1000;
    const connect = (call: CallOptions): Promise<ExecutorClient> =>
      this.#connectOrStart(spec, deadline, call);
    return new ExecutorSandbox({
      client: await connect(options),
      paths: this.pathsFor(spec),
      reconnect: connect,
      finish: reason => this.#finish(spec, reason),
    });
  }

  async pause(): Promise<void> {
    throw new InputError(
      'A run in the local sandbox cannot be paused: nothing can freeze its processes with its clock. Use --sandbox docker for runs that may have to wait.',
    );
  }

  async resume(): Promise<void> {
    throw new InputError('A run in the local sandbox is never paused, so there is nothing to resume.');
  }

  async pausedFor(): Promise<null> {
    return null;
  }

  async timeLeft(run: RunPlace): Promise<number | null> {
    const state = await readExecutorState(runPlaces(run.run_folder).stateFile);
    return timeLeftBy(state, options => connectTo(run, state, options));
  }

  async destroy(run: RunPlace): Promise<null> {
    await this.#finish(run, 'run_ended');
    return null;
  }

  /** Several servers may come here at once: the one that gets the lock starts an executor, the others find it. */
  async #connectOrStart(spec: SandboxSpec, deadline: number, options: CallOptions): Promise<ExecutorClient> {
    const places = runPlaces(spec.run_folder);
    const running = await connectToRunning(spec, places, options);
    if (running) return running;
    return underStartLock(places.startLock, async () => {
      const startedMeanwhile = await connectToRunning(spec, places, options);
      if (startedMeanwhile) return startedMeanwhile;
      const interpreter = await this.#prepare(spec, options);
      const given = (deadline - performance.now()) / 1000;
      const seconds = given <= 0 ? 0 : (timeLeftByRecord(await readExecutorState(places.stateFile)) ?? given);
      if (seconds <= 0) throw timeIsUp();
      await startExecutor(interpreter.base, await this.#settings(spec, places, seconds), places.logFile);
      return connectTo(spec, await readExecutorState(places.stateFile), options);
    });
  }

  /** Makes what is missing of the run's folders. Repeatable. */
  async #prepare(spec: SandboxSpec, { signal }: CallOptions): Promise<Interpreter> {
    const places = runPlaces(spec.run_folder);
    const interpreter = await this.#findInterpreter();
    signal.throwIfAborted();
    await Promise.all([
      mkdir(places.workspace, { recursive: true }),
      mkdir(places.temporary, { recursive: true }),
    ]);
    await Promise.all([copyData(spec.data_folder, places.data), makeVenvIfMissing(places.venv, interpreter)]);
    signal.throwIfAborted();
    return interpreter;
  }

  async #settings(spec: SandboxSpec, places: RunPlaces, seconds: number): Promise<ExecutorSettings> {
    return {
      ...settingsFor(spec, places),
      disk_limit_bytes: spec.limits.disk_bytes,
      seconds,
      socket: await makeSocketPath(spec.run_folder),
    };
  }

  #findInterpreter(): Promise<Interpreter> {
    this.#interpreter ??= this.#python()
      .then(askInterpreter)
      .catch((error: unknown) => {
        this.#interpreter = undefined;
        throw error;
      });
    return this.#interpreter;
  }

  /** Asks the executor to end everything, or does it in its place. */
  async #finish(run: RunPlace, reason: string): Promise<void> {
    const places = runPlaces(run.run_folder);
    // A run whose folder was removed by hand may go on all the same.
    if (!(await exists(places.own)) && !(await hasProcesses(run))) return;
    const state = await readExecutorState(places.stateFile);
    const connect = (options: CallOptions) => connectTo(run, state, options);
    if (await endExecutor(state, { connect, reason, timeoutMs: END_TIMEOUT_MS })) return;
    const python = state?.python ?? (await this.#findInterpreter()).base;
    await sweepRun(python, settingsFor(run, places));
  }
}

/**
 * A connection, or null where another executor must be started.
 * @throws LimitError if the sandbox has ended; SandboxError if its executor lives but does not answer.
 */
async function connectToRunning(
  run: RunPlace,
  places: RunPlaces,
  options: CallOptions,
): Promise<ExecutorClient | null> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (true) {
    options.signal.throwIfAborted();
    const state = await readExecutorState(places.stateFile);
    if (!state) return null;
    if (state.ended !== null) throw state.ended === 'deadline' ? timeIsUp() : sandboxHasEnded();
    const client = await connectTo(run, state, options).catch(nullIfUnreachable);
    if (client) return client;
    if (!(await isExecutorAlive(state))) return null;
    if (performance.now() > giveUpAt) throw deafExecutor();
    await pause(100);
  }
}

async function connectTo(
  run: RunPlace,
  state: ExecutorState | null,
  options: CallOptions,
): Promise<ExecutorClient> {
  if (!state?.socket) throw new SandboxError('The executor of this run cannot be found. Try again.');
  return ExecutorClient.connect(state.socket, run.run_id, options);
}

function nullIfUnreachable(error: unknown): null {
  if (error instanceof SandboxError) return null;
  throw error;
}

function settingsFor(run: RunPlace, places: RunPlaces): ExecutorSettings {
  return {
    run_id: run.run_id,
    workspace: places.workspace,
    data: places.data,
    jobs_folder: places.jobs,
    state_file: places.stateFile,
    quota_folders: [places.workspace, places.temporary, places.venv],
    disk_limit_bytes: 0,
    environment: jobEnvironment(places, run.run_id),
    seconds: 0,
    socket: null,
  };
}

async function makeVenvIfMissing(folder: string, interpreter: Interpreter): Promise<void> {
  if (!(await exists(folder))) await makeRunVenv(folder, interpreter);
}
