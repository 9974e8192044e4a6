import { randomBytes } from 'node:crypto';
import type { JobOutput } from '../../sandbox/sandbox.js';
import type { SandboxToolContext, ToolResult } from '../tool.js';
import { jobAnswer, shownOutput } from './job-answer.js';
import { waitMs } from './wait.js';

export interface JobRequest {
  readonly argv: readonly string[];
  readonly command: string;
  readonly wait_s: number | undefined;
}

/** Starts a job, waits for it as long as is allowed, and answers with what there is by then. */
export async function runJob(request: JobRequest, context: SandboxToolContext): Promise<ToolResult> {
  const job = await context.sandbox.startJob(
    {
      job_id: `job_${randomBytes(4).toString('hex')}`,
      argv: request.argv,
      command: request.command.slice(0, 200),
      wait_ms: waitMs(request.wait_s, context.limits),
      max_bytes: context.limits.outputChars,
    },
    { signal: context.signal },
  );
  return jobAnswer({ job, output: await headAndTailOf(job, context) });
}

/** A job answers with the end of its output; where that is not all, half of the room goes to its beginning. */
async function headAndTailOf(
  job: JobOutput,
  { sandbox, limits, signal }: SandboxToolContext,
): Promise<string> {
  if (job.from === 0) return shownOutput(job.output, limits.outputChars);
  const half = Math.floor(limits.outputChars / 2);
  const head = await sandbox.waitJob(
    { job_id: job.job_id, cursor: 0, wait_ms: 0, max_bytes: half },
    { signal },
  );
  const tail = Buffer.from(job.output).subarray(-half).toString('utf8');
  const omitted = job.cursor - head.cursor - Buffer.byteLength(tail);
  const begin = shownOutput(head.output, half);
  return `${begin}\n[… ${omitted} bytes left out; the whole is in ${job.output_path} …]\n${shownOutput(tail, half)}`;
}
