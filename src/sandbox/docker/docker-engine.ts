import type Docker from 'dockerode';
import type { z } from 'zod';
import { ConfigError, errorCode, isKnownError } from '../../errors.js';
import { callEngine, ENGINE_TIMEOUT_MS, type EngineCall, EngineSilence } from './engine-call.js';

/** What an engine's refusal looks like; `statusCode` is HTTP's. */
interface Refusal {
  readonly statusCode: number;
  readonly reason: string;
}

/**
 * The Docker engine of this host. Nothing is loaded or connected before the first call.
 *
 * What the life of a run needs is asked for by plain calls: dockerode takes longer to load than a container to start, so only what
 * it is good at, builds and streams, goes through it.
 */
export class DockerEngine {
  readonly socket: string;
  readonly #timeoutMs: number;
  #docker: Promise<Docker> | undefined;

  /** `timeoutMs`: how long it may be silent; whoever only looks waits less. */
  constructor(socket: string, timeoutMs: number = ENGINE_TIMEOUT_MS) {
    this.socket = socket;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Does something, and leaves what the engine says about it.
   * @throws ConfigError, with the remedy, if the engine cannot be reached; what the engine refused as it came: see `refusalOf`.
   */
  async tell(call: EngineCall): Promise<Buffer> {
    return this.#orSayWhy(() => callEngine(this.socket, call, this.#timeoutMs));
  }

  /** Asks for something and answers what of it matters to `schema`. @throws as `tell`. */
  async ask<T>(schema: z.ZodType<T>, call: EngineCall): Promise<T> {
    const parsed = schema.safeParse(readJson(await this.tell(call)));
    if (parsed.success) return parsed.data;
    throw new ConfigError(
      `What answers at ${this.socket} does not answer like a Docker engine. See what listens there, or set MLRB_DOCKER_SOCKET to where Docker does.`,
      { cause: parsed.error },
    );
  }

  /** The same for one thing that need not be there: undefined where the engine knows none. */
  async find<T>(schema: z.ZodType<T>, call: EngineCall): Promise<T | undefined> {
    return unlessAbsent(this.ask(schema, call));
  }

  /** Runs `task` with dockerode, for what may be silent for long: a step of a build, a program in a container. @throws as `tell`. */
  async withClient<T>(task: (docker: Docker) => Promise<T>): Promise<T> {
    return this.#orSayWhy(async () => {
      this.#docker ??= this.#connect();
      return task(await this.#docker);
    });
  }

  async #orSayWhy<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (isKnownError(error) || refusalOf(error) !== undefined) throw error;
      throw unreachable(error, this.socket);
    }
  }

  async #connect(): Promise<Docker> {
    const { default: Client } = await import('dockerode');
    return new Client({ socketPath: this.socket });
  }
}

/** The answer to a call about one thing; undefined where the engine says that it knows none. */
export async function unlessAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (refusalOf(error)?.statusCode === 404) return undefined;
    throw error;
  });
}

function readJson(data: Buffer): unknown {
  try {
    return JSON.parse(data.toString('utf8'));
  } catch {
    return undefined;
  }
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
  if (error instanceof EngineSilence) {
    return new ConfigError(
      `Docker took a call at ${socket} and stays silent. Start its engine anew (systemctl restart docker), or set MLRB_DOCKER_SOCKET to where another listens.`,
      { cause: error },
    );
  }
  return new ConfigError(
    'Docker stopped answering in the middle of a call. Look at its engine (systemctl status docker), then try again.',
    { cause: error },
  );
}
