import type { Trace } from '../runs/trace.js';
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

type Detail = Record<string, unknown>;

/**
 * A sandbox that appends one event per call to the trace, with ids, names and sizes, never contents. `call` is the id of the
 * tool call that it serves, null outside of one. A call ends when its event is written. Disposing disposes the inner sandbox.
 */
export class TracedSandbox implements Sandbox {
  readonly #inner: Sandbox;
  readonly #trace: Trace;
  readonly #call: string | null;

  constructor(inner: Sandbox, trace: Trace, call: string | null) {
    this.#inner = inner;
    this.#trace = trace;
    this.#call = call;
  }

  get paths(): SandboxPaths {
    return this.#inner.paths;
  }

  startJob(job: StartJob, options: CallOptions): Promise<JobOutput> {
    const asked = { job_id: job.job_id, wait_ms: job.wait_ms };
    return this.#record('start_job', asked, () => this.#inner.startJob(job, options), ofOutput);
  }

  waitJob(job: WaitJob, options: CallOptions): Promise<JobOutput> {
    const asked = { job_id: job.job_id, cursor: job.cursor ?? null, wait_ms: job.wait_ms };
    return this.#record('wait_job', asked, () => this.#inner.waitJob(job, options), ofOutput);
  }

  cancelJob(jobId: string, options: CallOptions): Promise<Job> {
    return this.#record('cancel_job', { job_id: jobId }, () => this.#inner.cancelJob(jobId, options), ofJob);
  }

  listJobs(
    limit: number,
    options: CallOptions,
  ): Promise<{ readonly jobs: readonly Job[]; readonly total: number }> {
    return this.#record(
      'list_jobs',
      { limit },
      () => this.#inner.listJobs(limit, options),
      ({ total }) => ({ total }),
    );
  }

  readFile(file: ReadFile, options: CallOptions): Promise<FileText> {
    const asked = { path: named(file.path), start_line: file.start_line, end_line: file.end_line ?? null };
    return this.#record(
      'read_file',
      asked,
      () => this.#inner.readFile(file, options),
      ({ size_bytes, truncated }) => ({
        size_bytes,
        truncated,
      }),
    );
  }

  writeFile(file: WriteFile, options: CallOptions): Promise<WrittenFile> {
    return this.#record(
      'write_file',
      { path: named(file.path) },
      () => this.#inner.writeFile(file, options),
      ofWritten,
    );
  }

  editFile(edit: EditFile, options: CallOptions): Promise<EditedFile> {
    const asked = { path: named(edit.path), where: edit.where, all: edit.all };
    return this.#record(
      'edit_file',
      asked,
      () => this.#inner.editFile(edit, options),
      edited => ({
        ...ofWritten(edited),
        occurrences: edited.occurrences,
      }),
    );
  }

  listFiles(
    list: { readonly path: string; readonly depth: number },
    options: CallOptions,
  ): Promise<FileList> {
    const asked = { path: named(list.path), depth: list.depth };
    return this.#record(
      'list_files',
      asked,
      () => this.#inner.listFiles(list, options),
      ({ entries, omitted }) => ({
        entries: entries.length,
        omitted,
      }),
    );
  }

  usageTold(ms: number): SandboxUsage | undefined {
    return this.#inner.usageTold(ms);
  }

  usage(options: CallOptions): Promise<SandboxUsage> {
    return this.#record(
      'usage',
      {},
      () => this.#inner.usage(options),
      ({ seconds_left, disk_bytes, running_jobs }) => ({
        seconds_left,
        disk_bytes,
        running_jobs: running_jobs.length,
      }),
    );
  }

  end(reason: 'run_ended' | 'cancelled' | 'deadline'): Promise<void> {
    return this.#record(
      'end',
      { reason },
      () => this.#inner.end(reason),
      () => ({}),
    );
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#inner[Symbol.asyncDispose]();
  }

  async #record<T>(
    action: string,
    asked: Detail,
    act: () => Promise<T>,
    found: (result: T) => Detail,
  ): Promise<T> {
    const started = performance.now();
    const append = (ok: boolean, detail: Detail): Promise<void> =>
      this.#trace.append({
        type: 'sandbox',
        call: this.#call,
        action,
        detail,
        ok,
        duration_ms: Math.round((performance.now() - started) * 1000) / 1000,
      });
    let result: T;
    try {
      result = await act();
    } catch (error) {
      await append(false, { ...asked, error: error instanceof Error ? error.name : 'Error' });
      throw error;
    }
    await append(true, { ...asked, ...found(result) });
    return result;
  }
}

function ofJob(job: Job): Detail {
  const { state, exit_code, exit_signal, ended_by, no_room, background, seconds, output_bytes } = job;
  return { state, exit_code, exit_signal, ended_by, no_room, background, seconds, output_bytes };
}

function ofOutput(job: JobOutput): Detail {
  return { ...ofJob(job), from: job.from, cursor: job.cursor };
}

function ofWritten({ size_bytes, created }: WrittenFile): Detail {
  return { size_bytes, created };
}

/** A path of any length that a contestant made up, cut to what a trace needs. */
function named(path: string): string {
  return path.length > 300 ? `${path.slice(0, 300).replace(/[\ud800-\udbff]$/, '')}…` : path;
}
