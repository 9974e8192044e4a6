/** Every call that can wait takes a signal. On abort the call rejects with the signal's reason; jobs go on. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

export type JobState = 'running' | 'exited' | 'cancelled' | 'lost';

/** A process in the sandbox that outlives the request which started it. */
export interface Job {
  readonly job_id: string;
  /** What was run, as a person would write it, at most 200 characters. */
  readonly command: string;
  readonly state: JobState;
  /** Set when the job exited by itself. */
  readonly exit_code: number | null;
  /** Name of the signal that ended it (`SIGKILL`), if one did. */
  readonly exit_signal: string | null;
  /** Why the sandbox ended it: `cancelled`, `deadline`, `disk_full`, `out_of_memory`, `run_ended`; null if it did not. */
  readonly ended_by: string | null;
  /** Why nothing more could be written when it ended by itself: the limit of the `run`, or a full disk of the `host`; null if it could. */
  readonly no_room: 'run' | 'host' | null;
  /** Processes that the job left in the background and that still run. */
  readonly background: number;
  readonly started_at: string;
  readonly seconds: number;
  /** Bytes written so far, standard output and standard error in the order in which they arrived. */
  readonly output_bytes: number;
  /** Absolute path of the output as the contestant sees it. */
  readonly output_path: string;
}

/** A job and a page of its output. Cursors are byte offsets. */
export interface JobOutput extends Job {
  /** Well-formed text; bytes that are not UTF-8 are replaced. Control sequences are still in it. */
  readonly output: string;
  /** Offset of the first byte of `output`. */
  readonly from: number;
  /** Offset after the last byte of `output`: the cursor for the next call. Never splits a character. */
  readonly cursor: number;
}

export interface StartJob {
  /** Minted by the caller. Starting an id that is there already starts nothing and answers as `waitJob` does. */
  readonly job_id: string;
  /** A program and its arguments. No shell is involved. */
  readonly argv: readonly string[];
  /** How the job is named to people; the arguments joined where absent. */
  readonly command?: string;
  readonly wait_ms: number;
  /** At most this many bytes of output in the answer. */
  readonly max_bytes: number;
}

export interface WaitJob {
  readonly job_id: string;
  /** Output after this offset; absent: the newest `max_bytes`. */
  readonly cursor?: number;
  readonly wait_ms: number;
  readonly max_bytes: number;
}

export interface ReadFile {
  readonly path: string;
  /** First line, from 1. */
  readonly start_line: number;
  /** Last line, included; absent: to the end. */
  readonly end_line?: number;
  readonly max_bytes: number;
}

export interface FileText {
  readonly path: string;
  readonly size_bytes: number;
  /** Whole lines, without their numbers. A line longer than `max_bytes` is cut. */
  readonly text: string;
  readonly start_line: number;
  readonly end_line: number;
  /** Lines of the file; null where counting them would take too long (a file of over 64 MB). */
  readonly total_lines: number | null;
  /** Whether lines that were asked for are missing from `text`. */
  readonly truncated: boolean;
}

export interface WriteFile {
  readonly path: string;
  readonly text: string;
}

export interface WrittenFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly lines: number;
  readonly created: boolean;
}

export interface EditFile {
  readonly path: string;
  readonly target: string;
  readonly replacement: string;
  /** `before` and `after` keep the target and put the replacement beside it. */
  readonly where: 'instead' | 'before' | 'after';
  /** Every occurrence; otherwise the target must occur exactly once. */
  readonly all: boolean;
}

export interface EditedFile extends WrittenFile {
  readonly occurrences: number;
  /** Lines (from 1) where the edited places begin, at most 20. */
  readonly at_lines: readonly number[];
}

export interface ListedFile {
  /** Relative to the listed folder. */
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  readonly size_bytes: number;
  readonly modified_at: string;
}

export interface FileList {
  readonly path: string;
  readonly entries: readonly ListedFile[];
  /** Entries left out because there were too many. */
  readonly omitted: number;
}

export interface SandboxUsage {
  /** By the executor's own monotonic clock. */
  readonly seconds_left: number;
  readonly disk_bytes: number;
  readonly disk_limit_bytes: number;
  readonly running_jobs: readonly Job[];
}

/** Where things lie, as the contestant sees them. */
export interface SandboxPaths {
  readonly workspace: string;
  readonly data: string;
}

/**
 * The isolated place where a run's commands execute. Paths are absolute or relative to the workspace.
 *
 * Throws `InputError` (the contestant can fix it: no such file, path outside the workspace, not text, unknown job, text not
 * found), `LimitError` (time is up, disk full) and `SandboxError` (executor gone or not answering). Disposing closes
 * the connection only; the sandbox and its jobs live on until `end` or the deadline.
 */
export interface Sandbox extends AsyncDisposable {
  readonly paths: SandboxPaths;
  startJob(job: StartJob, options: CallOptions): Promise<JobOutput>;
  waitJob(job: WaitJob, options: CallOptions): Promise<JobOutput>;
  /** Ends the whole process group, with what it left in the background. Idempotent. */
  cancelJob(jobId: string, options: CallOptions): Promise<Job>;
  /** Newest first, at most `limit`; running ones always. */
  listJobs(
    limit: number,
    options: CallOptions,
  ): Promise<{ readonly jobs: readonly Job[]; readonly total: number }>;
  readFile(file: ReadFile, options: CallOptions): Promise<FileText>;
  writeFile(file: WriteFile, options: CallOptions): Promise<WrittenFile>;
  editFile(edit: EditFile, options: CallOptions): Promise<EditedFile>;
  listFiles(list: { readonly path: string; readonly depth: number }, options: CallOptions): Promise<FileList>;
  usage(options: CallOptions): Promise<SandboxUsage>;
  /** What it told with an answer within the last `ms` milliseconds; undefined where it did not. */
  usageTold(ms: number): SandboxUsage | undefined;
  /** Ends every process of the run and then the executor itself; resolves when none is left. Idempotent. */
  end(reason: 'run_ended' | 'cancelled' | 'deadline'): Promise<void>;
}

/** What a sandbox holds its contestant to. */
export interface SandboxLimits {
  readonly wall_clock_s: number;
  readonly cpus: number;
  readonly memory_bytes: number;
  readonly disk_bytes: number;
  readonly gpus: number;
}

/** What a new sandbox needs to know. All host paths are absolute. */
export interface SandboxSpec {
  readonly run_id: string;
  /** Which back end made it; absent: the one that is asked. */
  readonly made_by?: 'local' | 'docker';
  /** The run's folder on this host; `workspace/` in it is the contestant's, `sandbox/` is the back end's own. */
  readonly run_folder: string;
  /** Folder with the training data, read-only for the contestant; null where the task has none. */
  readonly data_folder: string | null;
  readonly limits: SandboxLimits;
  readonly network: 'none' | 'open';
}

/** What is needed to find or end a run's sandbox. */
export type RunPlace = Pick<SandboxSpec, 'run_id' | 'run_folder' | 'made_by'>;

/** What was found after everything of a run had been ended. */
export interface SandboxEnd {
  /** Whether nothing of it is left. */
  readonly ok: boolean;
  /** Processes that are still there; null where nobody can tell. */
  readonly processes_left: number | null;
  /** Files and folders of the workspace that changed afterwards, and how many were looked at. */
  readonly files_changed: number;
  readonly files_looked_at: number;
  /** Megabytes in use on each device of the run, before it and after; null where it had none. */
  readonly gpu_memory: Readonly<
    Record<string, { readonly before: number; readonly after: number | null }>
  > | null;
}

/** A back end: makes sandboxes, and finds them again after the server that made them died. */
export interface SandboxBackend {
  readonly kind: 'local' | 'docker';
  /** What a run in it can reach: `unrestricted` where the back end isolates nothing. */
  networkFor(wanted: 'none' | 'open'): 'none' | 'open' | 'unrestricted';
  /** One sentence for the operator if the back end limits trust, shown at every start; null otherwise. */
  readonly warning: string | null;
  /** Where things will lie, without making anything. */
  pathsFor(spec: Pick<SandboxSpec, 'run_folder' | 'data_folder' | 'made_by'>): SandboxPaths;
  /** Makes the sandbox; its clock of `limits.wall_clock_s` starts now. Throws `ConfigError` if the host lacks something. */
  create(spec: SandboxSpec, options: CallOptions): Promise<Sandbox>;
  /**
   * Connects to the run's sandbox. If its executor died and `secondsLeft` is above 0, a new one is started over the same
   * workspace: jobs that had been running are then `lost`.
   */
  attach(spec: SandboxSpec, secondsLeft: number, options: CallOptions): Promise<Sandbox>;
  /**
   * Freezes every process of the run with its clock. Idempotent.
   * @throws InputError where this back end cannot do that.
   */
  pause(run: RunPlace): Promise<void>;
  /** Lets them go on. `pausedSeconds` is the length of all pauses of the run, by which its deadline is later. Idempotent. */
  resume(run: RunPlace, pausedSeconds: number): Promise<void>;
  /** Seconds since the run was frozen, by a clock that no change of the host's moves; null where nobody can tell. */
  pausedFor(run: RunPlace): Promise<number | null>;
  /** Seconds left by the executor's own clock, which no change of the host's clock moves; null where nobody can tell. */
  timeLeft(run: RunPlace): Promise<number | null>;
  /**
   * Ends what is left of the run's sandbox, whether or not its executor still answers, and looks whether that is so; null where this
   * back end does not look. Idempotent.
   */
  destroy(run: RunPlace): Promise<SandboxEnd | null>;
}
