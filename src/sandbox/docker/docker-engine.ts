import type Docker from 'dockerode';
import { ConfigError, errorCode, isKnownError } from '../../errors.js';

/** The engine is silent for this long only when it hangs. Making a container takes a fraction of a second. */
const ENGINE_TIMEOUT_MS = 60_000;

/** What an engine's refusal looks like; `statusCode` is HTTP's. */
interface Refusal {
  readonly statusCode: number;
  readonly reason: string;
}

/** The Docker engine of this host. Nothing is loaded or connected before the first call. */
export class DockerEngine {
  readonly socket: string;
  #docker: Promise<Docker> | undefined;

  constructor(socket: string) {
    this.socket = socket;
  }

  /**
   * Runs `task` with a client of the engine.
   * @throws ConfigError, with the remedy, if the engine cannot be reached; what the engine refused as it came: see `refusalOf`.
   */
  async ask<T>(task: (docker: Docker) => Promise<T>): Promise<T> {
    this.#docker ??= this.#connect();
    try {
      return await task(await this.#docker);
    } catch (error) {
      if (isKnownError(error) || refusalOf(error) !== undefined) throw error;
      throw unreachable(error, this.socket);
    }
  }

  /** The same for one thing that need not be there: undefined where the engine knows none. */
  async askFor<T>(task: (docker: Docker) => Promise<T>): Promise<T | undefined> {
    return this.ask(task).catch((error: unknown) => {
      if (refusalOf(error)?.statusCode === 404) return undefined;
      throw error;
    });
  }

  async #connect(): Promise<Docker> {
    const { default: Client } = await import('dockerode');
    return new Client({ socketPath: this.socket, timeout: ENGINE_TIMEOUT_MS });
  }
}

/** A client takes a handshake's time to load: it waits until one is answered, and is there before a contestant has read a task. */
const PRELOAD_AFTER_MS = 250;

/** Loads the client of the engine in a moment, unless the process has ended by then. Asks the engine nothing. */
export function preloadEngineClient(): void {
  setTimeout(() => void import('dockerode').catch(() => undefined), PRELOAD_AFTER_MS).unref();
}

/** What the engine said when it refused; undefined for any other error. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return;
  const message =
    'json' in error && typeof error.json === 'object' && error.json !== null && 'message' in error.json
      ? String(error.json.message)
      : error.message;
  return { statusCode: error.statusCode, reason: message };
}

function unreachable(error: unknown, socket: string): ConfigError {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ConfigError(
      `This user may not use Docker's socket ${socket}. Add the user to the group "docker" and log in again.`,
      { cause: error },
    );
  }
  if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTSOCK') {
    return new ConfigError(
      `Docker does not answer at ${socket}. Start its engine (systemctl start docker), or set MLRB_DOCKER_SOCKET to where it listens.`,
      { cause: error },
    );
  }
  return new ConfigError(
    'Docker stopped answering in the middle of a call. Look at its engine (systemctl status docker), then try again.',
    { cause: error },
  );
}
