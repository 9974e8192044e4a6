import { z } from 'zod';
import type {
  EditedFile,
  FileList,
  FileText,
  Job,
  JobOutput,
  SandboxUsage,
  WrittenFile,
} from '../sandbox.js';

/** The wire format of `executor.py`, which documents it. Raised together with `VERSION` there. */
export const PROTOCOL_VERSION = 1;

const bytes = z.number().int().nonnegative();

const jobFields = {
  job_id: z.string(),
  command: z.string(),
  state: z.enum(['running', 'exited', 'cancelled', 'lost']),
  exit_code: z.number().int().nullable(),
  exit_signal: z.string().nullable(),
  ended_by: z.string().nullable(),
  no_room: z.enum(['run', 'host']).nullable().default(null), // an executor that is older than this server does not tell
  background: z.number().int().nonnegative(),
  started_at: z.string(),
  seconds: z.number().nonnegative(),
  output_bytes: bytes,
  output_path: z.string(),
};
const JobResult: z.ZodType<Job> = z.object(jobFields);
const JobOutputResult: z.ZodType<JobOutput> = z.object({
  ...jobFields,
  output: z.string(),
  from: bytes,
  cursor: bytes,
});
const writtenFields = {
  path: z.string(),
  size_bytes: bytes,
  lines: z.number().int().nonnegative(),
  created: z.boolean(),
};
const WrittenResult: z.ZodType<WrittenFile> = z.object(writtenFields);
const EditedResult: z.ZodType<EditedFile> = z.object({
  ...writtenFields,
  occurrences: z.number().int().positive(),
  at_lines: z.array(z.number().int().positive()),
});
const FileTextResult: z.ZodType<FileText> = z.object({
  path: z.string(),
  size_bytes: bytes,
  text: z.string(),
  start_line: z.number().int().positive(),
  end_line: z.number().int().nonnegative(),
  total_lines: z.number().int().nonnegative().nullable(),
  truncated: z.boolean(),
});
const FileListResult: z.ZodType<FileList> = z.object({
  path: z.string(),
  entries: z.array(
    z.object({
      path: z.string(),
      type: z.enum(['file', 'folder', 'link', 'other']),
      size_bytes: bytes,
      modified_at: z.string(),
    }),
  ),
  omitted: z.number().int().nonnegative(),
});
const UsageResult: z.ZodType<SandboxUsage> = z.object({
  seconds_left: z.number().nonnegative(),
  disk_bytes: bytes,
  disk_limit_bytes: bytes,
  running_jobs: z.array(JobResult),
});

/** What each operation answers with. */
export const RESULTS = {
  hello: z.object({ version: z.number(), run_id: z.string(), pid: z.number().int() }),
  start: JobOutputResult,
  wait: JobOutputResult,
  cancel: JobResult,
  jobs: z.object({ jobs: z.array(JobResult), total: z.number().int().nonnegative() }),
  read: FileTextResult,
  write: WrittenResult,
  edit: EditedResult,
  list: FileListResult,
  usage: UsageResult,
  end: z.object({}),
} as const;
export type OperationName = keyof typeof RESULTS;
export type Result<K extends OperationName> = z.infer<(typeof RESULTS)[K]>;

/** What each operation takes. */
export interface Arguments {
  readonly hello: Readonly<Record<string, never>>;
  readonly start: {
    readonly job_id: string;
    readonly argv: readonly string[];
    readonly command: string | null;
    readonly wait_ms: number;
    readonly max_bytes: number;
  };
  readonly wait: {
    readonly job_id: string;
    readonly cursor: number | null;
    readonly wait_ms: number;
    readonly max_bytes: number;
  };
  readonly cancel: { readonly job_id: string };
  readonly jobs: { readonly limit: number };
  readonly read: {
    readonly path: string;
    readonly start_line: number;
    readonly end_line: number | null;
    readonly max_bytes: number;
  };
  readonly write: { readonly path: string; readonly text: string };
  readonly edit: {
    readonly path: string;
    readonly target: string;
    readonly replacement: string;
    readonly where: 'instead' | 'before' | 'after';
    readonly all: boolean;
  };
  readonly list: { readonly path: string; readonly depth: number };
  readonly usage: Readonly<Record<string, never>>;
  readonly end: { readonly reason: string };
}

const Answer = z.object({
  id: z.string(),
  result: z.unknown().optional(),
  error: z.object({ kind: z.enum(['input', 'limit', 'sandbox']), message: z.string() }).optional(),
  /** What the run used when the answer was given. */
  usage: UsageResult.optional(),
});
export type Answer = z.infer<typeof Answer>;

/** One request as it goes over the wire, with its line end: ASCII only, so that no byte can be mistaken for anything else. */
export function encodeRequest<K extends OperationName>(id: string, op: K, args: Arguments[K]): string {
  const json = JSON.stringify({ id, op, args });
  return `${json.replace(/[\u007f-\uffff]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** The answer in a line; undefined for anything else, which a reader ignores. */
export function decodeAnswer(line: string): Answer | undefined {
  try {
    return Answer.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
