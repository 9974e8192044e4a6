import { InputError, SandboxError } from '../errors.js';
import { grouped } from '../lib/text.js';
import { orAbort } from '../lib/time-limit.js';
import type { ExecutorClient } from './executor/executor-client.js';
import type { Arguments, OperationName, Result } from './executor/protocol.js';
import type {
  CallOptions,
  EditedFile,
  EditFile,
  FileList,
  FileText,
  Job,
  JobOutput,
  ReadFile,
  Sandbox,
  SandboxPaths,
  SandboxUsage,
  StartJob,
  WaitJob,
  WriteFile,
  WrittenFile,
} from './sandbox.js';

/** Texts longer than this are refused before they are sent; the executor has the exact limit, in bytes. */
const MAX_TEXT_CHARS = 10_000_000;

/** What a back end lends to a sandbox for the times when its connection is gone. */
export interface ExecutorSandboxOptions {
  readonly client: ExecutorClient;
  readonly paths: SandboxPaths;
  /** Finds the executor again, or starts another one. Throws `LimitError` if the sandbox has ended. */
  readonly reconnect: (options: CallOptions) => Promise<ExecutorClient>;
  /** Ends every process of the run and the executor, whether or not it answers. */
  readonly finish: (reason: string) => Promise<void>;
}

/** A sandbox that an executor serves, wherever that runs. A lost connection is made again by the next call. */
export class ExecutorSandbox implements Sandbox {
  readonly paths: SandboxPaths;
  readonly #options: ExecutorSandboxOptions;
  #client: ExecutorClient;
  #reconnecting: Promise<ExecutorClient> | undefined;
  #isDisposed = false;

  constructor(options: ExecutorSandboxOptions) {
    this.#options = options;
    this.#client = options.client;
    this.paths = options.paths;
  }

  async startJob(job: StartJob, options: CallOptions): Promise<JobOutput> {
    const { job_id, argv, command = null, wait_ms, max_bytes } = job;
    return this.#call('start', { job_id, argv, command, wait_ms, max_bytes }, options, wait_ms);
  }

  async waitJob(job: WaitJob, options: CallOptions): Promise<JobOutput> {
    const { job_id, cursor = null, wait_ms, max_bytes } = job;
    return this.#call('wait', { job_id, cursor, wait_ms, max_bytes }, options, wait_ms);
  }

  async cancelJob(jobId: string, options: CallOptions): Promise<Job> {
    return this.#call('cancel', { job_id: jobId }, options);
  }

  async listJobs(limit: number, options: CallOptions): Promise<{ jobs: readonly Job[]; total: number }> {
    return this.#call('jobs', { limit }, options);
  }

  async readFile(file: ReadFile, options: CallOptions): Promise<FileText> {
    const { path, start_line, end_line = null, max_bytes } = file;
    return this.#call('read', { path, start_line, end_line, max_bytes }, options);
  }

  async writeFile({ path, text }: WriteFile, options: CallOptions): Promise<WrittenFile> {
    refuseLongText(text);
    return this.#call('write', { path, text }, options);
  }

  async editFile(edit: EditFile, options: CallOptions): Promise<EditedFile> {
    const { path, target, replacement, where, all } = edit;
    refuseLongText(target);
    refuseLongText(replacement);
    return this.#call('edit', { path, target, replacement, where, all }, options);
  }

  async listFiles({ path, depth }: { path: string; depth: number }, options: CallOptions): Promise<FileList> {
    return this.#call('list', { path, depth }, options);
  }

  async usage(options: CallOptions): Promise<SandboxUsage> {
    return this.#call('usage', {}, options);
  }

  usageTold(ms: number): SandboxUsage | undefined {
    return this.#client.usageTold(ms);
  }

  async end(reason: 'run_ended' | 'cancelled' | 'deadline'): Promise<void> {
    await this.#options.finish(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#client.close();
    await this.#client.closed;
  }

  /** A call cut off by the loss of its connection is made once more, unless it could then act twice. */
  async #call<K extends OperationName>(
    op: K,
    args: Arguments[K],
    options: CallOptions,
    waitMs = 0,
  ): Promise<Result<K>> {
    const client = await this.#connected(options);
    try {
      return await client.request(op, args, { ...options, waitMs });
    } catch (error) {
      if (!(error instanceof SandboxError) || !client.isClosed || this.#isDisposed) throw error;
      const next = await this.#connected(options);
      if (op === 'edit') throw error;
      return next.request(op, args, { ...options, waitMs });
    }
  }

  async #connected(options: CallOptions): Promise<ExecutorClient> {
    options.signal.throwIfAborted();
    if (this.#isDisposed) throw new SandboxError('The connection to the sandbox is closed. Connect again.');
    if (!this.#client.isClosed) return this.#client;
    this.#reconnecting ??= this.#reconnect().finally(() => {
      this.#reconnecting = undefined;
    });
    return orAbort(this.#reconnecting, options.signal);
  }

  /** Serves every call that waits for it, so none of them can abort it. */
  async #reconnect(): Promise<ExecutorClient> {
    const client = await this.#options.reconnect({ signal: new AbortController().signal });
    this.#client = client;
    if (this.#isDisposed) client.close();
    return client;
  }
}

function refuseLongText(text: string): void {
  if (text.length > MAX_TEXT_CHARS) {
    throw new InputError(
      `The text has ${grouped(text.length)} characters; at most 10 MB can be written in one call. Write it in parts, or with a program.`,
    );
  }
}
