import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { InputError, LimitError, SandboxError } from '../../errors.js';
import type { CallOptions, SandboxUsage } from '../sandbox.js';
import {
  type Answer,
  type Arguments,
  decodeAnswer,
  encodeRequest,
  type OperationName,
  PROTOCOL_VERSION,
  RESULTS,
  type Result,
} from './protocol.js';

/** How long an executor may be silent beyond what a call asked it to wait: its slowest work is reading a very large file. */
const PATIENCE_MS = 60_000;
/** How long it may take to say hello, which is no work at all. */
const HELLO_PATIENCE_MS = 10_000;
/** A call that takes longer than this asks now and then for a hello: one that hangs is told from one that works. */
const DOUBT_EVERY_MS = 3000;
/** Ending a run keeps an executor from all else. */
const UNDOUBTED: readonly OperationName[] = ['hello', 'end'];

export interface RequestOptions extends CallOptions {
  /** Time the operation itself takes by intent, such as a wait. */
  readonly waitMs?: number;
  /** Silence beyond that after which the executor is given up. */
  readonly patienceMs?: number;
}

interface Pending {
  readonly settle: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * One connection to an executor. Many requests may be under way at once. On abort a request rejects with the signal's
 * reason and its answer, if it still comes, is dropped: the executor is not told, and jobs go on.
 */
export class ExecutorClient {
  readonly #socket: Socket;
  readonly #pending = new Map<string, Pending>();
  readonly #nonce = randomBytes(8).toString('hex');
  readonly #lines = new LineSplitter();
  #count = 0;
  #isClosed = false;
  #hello: Promise<unknown> | undefined;
  #told: { readonly usage: SandboxUsage; readonly at: number } | undefined;
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise(resolve => socket.once('close', resolve));
    socket.on('data', chunk => this.#receive(chunk));
    // An error is always followed by 'close', where every open request is failed.
    socket.on('error', () => {});
    socket.once('close', () => this.#loseConnection());
  }

  /**
   * Connects and makes sure that the right executor answers.
   * @throws SandboxError if nobody listens there, or another run or version.
   */
  static async connect(path: string, runId: string, { signal }: CallOptions): Promise<ExecutorClient> {
    const socket = connect(path);
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      throw new SandboxError('The executor of this run cannot be reached. Try again.', { cause: error });
    }
    const client = new ExecutorClient(socket);
    try {
      const { version, run_id } = await client.request(
        'hello',
        {},
        { signal, patienceMs: HELLO_PATIENCE_MS },
      );
      if (version !== PROTOCOL_VERSION || run_id !== runId) throw foreignExecutor();
    } catch (error) {
      client.close();
      throw error;
    }
    return client;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws InputError, LimitError, SandboxError as the executor says; SandboxError if the connection is lost or silent. */
  async request<K extends OperationName>(
    op: K,
    args: Arguments[K],
    options: RequestOptions,
  ): Promise<Result<K>> {
    options.signal.throwIfAborted();
    if (this.#isClosed) throw lostConnection();
    const answer = await this.#exchange(op, args, options);
    if (answer.error) throw errorOf(answer.error);
    const result = RESULTS[op].safeParse(answer.result);
    if (!result.success) throw foreignExecutor(result.error);
    // The schema was chosen by `op`, which the type checker cannot follow through the table.
    return result.data as Result<K>;
  }

  /** What the run used when an answer came within the last `ms` milliseconds; undefined where none did or told of it. */
  usageTold(ms: number): SandboxUsage | undefined {
    return this.#told !== undefined && performance.now() - this.#told.at <= ms ? this.#told.usage : undefined;
  }

  close(): void {
    this.#socket.destroy();
  }

  #exchange<K extends OperationName>(
    op: K,
    args: Arguments[K],
    { signal, waitMs = 0, patienceMs = PATIENCE_MS }: RequestOptions,
  ): Promise<Answer> {
    const id = `${this.#nonce}:${++this.#count}`;
    return new Promise<Answer>((resolve, reject) => {
      const release = (): void => {
        this.#pending.delete(id);
        signal.removeEventListener('abort', onAbort);
        clearTimeout(silence);
        clearInterval(doubt);
      };
      const fail = (error: unknown): void => {
        release();
        reject(error);
      };
      const settle = (answer: Answer): void => {
        release();
        resolve(answer);
      };
      const onAbort = (): void => fail(signal.reason);
      const silence = setTimeout(() => fail(silentExecutor()), waitMs + patienceMs);
      const doubt = UNDOUBTED.includes(op)
        ? undefined
        : setInterval(() => this.#makeSureItLives().catch(fail), DOUBT_EVERY_MS);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, { settle, fail });
      this.#socket.write(encodeRequest(id, op, args));
    });
  }

  /** One hello for all calls that are in doubt. */
  #makeSureItLives(): Promise<unknown> {
    const options = { signal: new AbortController().signal, patienceMs: HELLO_PATIENCE_MS };
    this.#hello ??= this.#exchange('hello', {}, options).finally(() => {
      this.#hello = undefined;
    });
    return this.#hello;
  }

  #receive(chunk: Buffer): void {
    for (const line of this.#lines.push(chunk)) {
      const answer = decodeAnswer(line);
      if (answer?.usage) this.#told = { usage: answer.usage, at: performance.now() };
      if (answer) this.#pending.get(answer.id)?.settle(answer);
    }
  }

  #loseConnection(): void {
    this.#isClosed = true;
    for (const { fail } of [...this.#pending.values()]) fail(lostConnection());
  }
}

/** Cuts a stream into lines, looking at each byte once however long a line is. */
class LineSplitter {
  #rest: Buffer[] = [];

  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      lines.push(Buffer.concat([...this.#rest, chunk.subarray(from, end)]).toString());
      this.#rest = [];
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
    return lines;
  }
}

function errorOf({ kind, message }: NonNullable<Answer['error']>): Error {
  if (kind === 'input') return new InputError(message);
  if (kind === 'limit') return new LimitError(message);
  return new SandboxError(message);
}

function lostConnection(): SandboxError {
  return new SandboxError('The connection to the sandbox was lost. Try again: jobs and files are kept.');
}

function silentExecutor(): SandboxError {
  return new SandboxError('The sandbox does not answer. Try again; if it stays silent, tell the operator.');
}

function foreignExecutor(cause?: unknown): SandboxError {
  return new SandboxError(
    'The sandbox answers in a way this server does not know. Tell the operator to cancel the run.',
    {
      cause,
    },
  );
}
