import { z } from 'zod';
import { JobAnswer, jobAnswer, shownOutput } from './support/job-answer.js';
import { WaitArgument, waitMs } from './support/wait.js';
import { defineTool } from './tool.js';

export const jobWait = defineTool({
  name: 'job_wait',
  title: 'Wait for a job',
  group: 'jobs',
  description:
    'Wait until a job ends, until wait_s is over, or until a full page of output lies after the cursor, whichever comes first. Answers with its state and the output after the cursor. Without a cursor: the newest output.',
  input: z.strictObject({
    job_id: z.string().describe('As run_python or run_bash answered it, for example "job_1a2b3c4d".'),
    cursor: z
      .number()
      .int()
      .optional()
      .describe('Byte offset: only output after it is answered. Take it from the last answer.'),
    wait_s: WaitArgument,
  }),
  output: JobAnswer,
  effect: 'reads',
  essential: true,
  needs: 'sandbox',
  async handle({ job_id, cursor, wait_s }, { sandbox, limits, signal }) {
    const job = await sandbox.waitJob(
      {
        job_id,
        ...(cursor === undefined ? {} : { cursor: Math.max(0, cursor) }),
        wait_ms: waitMs(wait_s, limits),
        max_bytes: limits.outputChars,
      },
      { signal },
    );
    return jobAnswer({ job, output: shownOutput(job.output, limits.outputChars) });
  },
});
