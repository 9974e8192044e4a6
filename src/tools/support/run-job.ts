import { randomHex } from '../../lib/random-hex.js';
import { firstChars, grouped } from '../../lib/text.js';
import type { JobOutput } from '../../sandbox/sandbox.js';
import type { SandboxToolContext, ToolResult } from '../tool.js';
import { type JobPage, jobAnswer, shownOutput } from './job-answer.js';
import { waitMs } from './wait.js';

export interface JobRequest {
  readonly argv: readonly string[];
  readonly command: string;
  readonly wait_s: number | undefined;
}

/** Starts a job, waits for it as long as is allowed, and answers with what there is by then. */
export async function runJob(request: JobRequest, context: SandboxToolContext): Promise<ToolResult> {
  const { limits, signal } = context;
  const job = await context.sandbox.startJob(
    {
      job_id: `job_${randomHex(8)}`,
      argv: request.argv,
      command: firstChars(request.command, 200),
      wait_ms: waitMs(request.wait_s, limits),
      max_bytes: limits.outputChars,
    },
    { signal },
  );
  const page = job.from === 0 ? wholeOf(job, limits.outputChars) : await headAndTailOf(job, context);
  return jobAnswer(page);
}

function wholeOf(job: JobOutput, maxChars: number): JobPage {
  return { job, output: shownOutput(job.output, maxChars) };
}

/** Output that is longer than one answer: half of the room goes to its beginning, half to the newest there is by now. */
async function headAndTailOf(
  { job_id }: JobOutput,
  { sandbox, limits, signal }: SandboxToolContext,
): Promise<JobPage> {
  const half = { job_id, wait_ms: 0, max_bytes: Math.floor(limits.outputChars / 2) };
  const head = await sandbox.waitJob({ ...half, cursor: 0 }, { signal });
  const tail = await sandbox.waitJob(half, { signal });
  const [begin, end] = [head, tail].map(page => shownOutput(page.output, half.max_bytes));
  const omitted = grouped(Math.max(0, tail.from - head.cursor));
  const gap = `[… ${omitted} bytes left out; the whole is in ${tail.output_path} …]`;
  return { job: { ...tail, from: head.from }, output: `${begin}\n${gap}\n${end}` };
}
