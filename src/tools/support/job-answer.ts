import { z } from 'zod';
import { duration, headAndTail, plainText } from '../../lib/text.js';
import type { Job, JobOutput } from '../../sandbox/sandbox.js';
import type { ToolResult } from '../tool.js';

/** What is told of a job, in every tool that answers with one. */
export const JobAnswer = z.object({
  job_id: z.string(),
  state: z.enum(['running', 'exited', 'cancelled', 'lost']),
  exit_code: z.number().optional().describe('set when it exited by itself'),
  exit_signal: z.string().optional().describe('set when a signal ended it'),
  ended_by: z.string().optional().describe('why the sandbox ended it'),
  no_room: z
    .enum(['run', 'host'])
    .optional()
    .describe('set when nothing more could be written at its end: the disk limit of the run, or a full disk'),
  seconds: z.number(),
  background: z.number().optional().describe('processes it left running'),
  output: z.string(),
  output_path: z.string().describe('file that holds the whole output'),
  output_bytes: z.number(),
  cursor: z.number().describe('where the next page of output begins'),
  more: z.boolean().describe('whether output after the cursor is there already'),
  next: z.string().optional(),
});

export interface JobPage {
  readonly job: JobOutput;
  /** Output of the page, ready to be shown. */
  readonly output: string;
}

/** The answer about a job with a page of its output. */
export function jobAnswer({ job, output }: JobPage): ToolResult {
  const next = nextStep(job);
  const sentence = jobSentence(job);
  const skipped =
    job.from > 0 && job.output_bytes > 0
      ? ` Output from byte ${job.from}; the whole is in ${job.output_path}.`
      : '';
  return {
    text: [`${sentence}${skipped}`, output === '' ? '(no output)' : output, next].filter(Boolean).join('\n'),
    data: {
      ...jobFacts(job),
      output,
      output_path: job.output_path,
      output_bytes: job.output_bytes,
      cursor: job.cursor,
      more: job.cursor < job.output_bytes,
      ...(next === '' ? {} : { next }),
    },
  };
}

/** A job's state as data, without fields that say nothing. */
export function jobFacts(job: Job) {
  return {
    job_id: job.job_id,
    state: job.state,
    ...(job.exit_code === null ? {} : { exit_code: job.exit_code }),
    ...(job.exit_signal === null ? {} : { exit_signal: job.exit_signal }),
    ...(job.ended_by === null ? {} : { ended_by: job.ended_by }),
    ...(job.no_room === null ? {} : { no_room: job.no_room }),
    ...(job.background === 0 ? {} : { background: job.background }),
    seconds: Math.round(job.seconds * 100) / 100,
  };
}

const ENDED_BY: Readonly<Record<string, string>> = {
  cancelled: 'was cancelled',
  deadline: 'was ended by the deadline',
  disk_full: 'was ended for filling the workspace',
  out_of_memory: 'was ended for using more memory than the task allows',
  run_ended: 'was ended with the run',
};

/** What to do about an end that would come again. */
const REMEDIES: Readonly<Record<string, string>> = {
  disk_full: ' Delete files that you do not need before you go on.',
  out_of_memory: ' Let it use less at a time, for example with smaller batches.',
};

/** Said of a job that ended by itself: what failed in it may have said so nowhere. */
const NO_ROOM: Readonly<Record<NonNullable<Job['no_room']>, string>> = {
  run: ' The disk limit of the run was reached by then, so what it wrote may be cut off. Delete files that you do not need before you go on.',
  host: ' The disk of the host was full by then, so its output and its files may be cut off. Delete files that you do not need, and tell the operator.',
};

/** One sentence on where a job stands. */
export function jobSentence(job: Job): string {
  const after = `after ${job.seconds < 10 ? `${job.seconds.toFixed(1)} s` : duration(job.seconds)}`;
  const processes = job.background === 1 ? '1 process' : `${job.background} processes`;
  const left =
    job.background > 0 ? ` It left ${processes} running in the background; job_cancel ends them.` : '';
  const remedy = REMEDIES[job.ended_by ?? ''] ?? '';
  const noRoom = job.no_room === null ? '' : NO_ROOM[job.no_room];
  return `Job ${job.job_id} ${ending(job, after)}.${remedy}${noRoom}${left}`;
}

function ending(job: Job, after: string): string {
  if (job.state === 'running') return `is running, ${duration(job.seconds)} so far`;
  if (job.state === 'lost')
    return 'was lost: the sandbox had to be started anew while it ran. Its output so far is kept';
  if (job.ended_by !== null) return `${ENDED_BY[job.ended_by] ?? `was ended (${job.ended_by})`} ${after}`;
  if (job.exit_signal !== null) return `was ended by signal ${job.exit_signal} ${after}`;
  return `exited with code ${job.exit_code} ${after}`;
}

function nextStep(job: JobOutput): string {
  if (job.state === 'running') {
    return `Still running: call job_wait with job_id "${job.job_id}" and cursor ${job.cursor}, or job_cancel.`;
  }
  if (job.cursor < job.output_bytes)
    return `More output: call job_wait with job_id "${job.job_id}" and cursor ${job.cursor}.`;
  return '';
}

/** Output as it is shown: control sequences removed, and cut in the middle where it is still too long. */
export function shownOutput(raw: string, maxChars: number): string {
  return headAndTail(plainText(raw).trimEnd(), maxChars).text;
}
