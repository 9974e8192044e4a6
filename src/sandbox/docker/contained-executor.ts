import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SandboxError } from '../../errors.js';
import { writeJson } from '../../lib/atomic-write.js';
import { exists } from '../../lib/exists.js';
import { endExecutor } from '../executor/end-executor.js';
import { ExecutorClient } from '../executor/executor-client.js';
import { readExecutorState } from '../executor/executor-state.js';
import { PROTOCOL_VERSION } from '../executor/protocol.js';
import { sandboxHasEnded, timeIsUp } from '../executor/sentences.js';
import type { CallOptions, RunPlace } from '../sandbox.js';
import type { DockerPlaces } from './docker-places.js';

const END_TIMEOUT_MS = 20_000;
/** The longest path of a Unix socket, with the closing NUL, is 108 bytes. */
const MAX_SOCKET_PATH = 100;

/**
 * A connection, or null where nobody answers.
 * @throws LimitError if the sandbox has ended.
 */
export async function connectToRunning(
  run: RunPlace,
  places: DockerPlaces,
  options: CallOptions,
): Promise<ExecutorClient | null> {
  options.signal.throwIfAborted();
  const state = await readExecutorState(places.stateFile);
  if (!state) return null;
  if (state.ended !== null) throw state.ended === 'deadline' ? timeIsUp() : sandboxHasEnded();
  if (await exists(places.pausedMark)) throw isPaused();
  try {
    return await connectTo(run, places, options);
  } catch (error) {
    if (error instanceof SandboxError) return null;
    throw error;
  }
}

/** A path that is too long for a socket is gone by the open folder that it lies in. */
export async function connectTo(
  run: RunPlace,
  places: DockerPlaces,
  options: CallOptions,
): Promise<ExecutorClient> {
  if (Buffer.byteLength(places.socket) <= MAX_SOCKET_PATH) {
    return ExecutorClient.connect(places.socket, run.run_id, options);
  }
  await using folder = await open(dirname(places.socket));
  return await ExecutorClient.connect(`/proc/self/fd/${folder.fd}/executor.sock`, run.run_id, options);
}

/** Whether an executor was there and has ended every process. */
export async function endByExecutor(run: RunPlace, places: DockerPlaces, reason: string): Promise<boolean> {
  if (await exists(places.pausedMark)) return false; // what is frozen does not answer
  return endExecutor(await readExecutorState(places.stateFile), {
    connect: options => connectTo(run, places, options),
    reason,
    timeoutMs: END_TIMEOUT_MS,
  });
}

/** Says in the state file that no other executor may take the place of the one that is gone. */
export async function markEnded(run: RunPlace, places: DockerPlaces, reason: string): Promise<void> {
  const state = await readExecutorState(places.stateFile);
  if (state?.ended) return;
  const gone = { pid: null, pid_start: null, boot_id: null, socket: null, python: 'python3' };
  await mkdir(places.executor, { recursive: true });
  await writeJson(places.stateFile, {
    version: PROTOCOL_VERSION,
    run_id: run.run_id,
    ...state,
    ...gone,
    ended: reason,
  });
}

export function isPaused(): SandboxError {
  return new SandboxError('This run is paused by the operator, and so is its clock. Try again later.');
}
