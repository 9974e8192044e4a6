import { z } from 'zod';
import { InputError } from '../errors.js';
import { JobAnswer } from './support/job-answer.js';
import { runJob } from './support/run-job.js';
import { WaitArgument } from './support/wait.js';
import { defineTool } from './tool.js';

export const runBash = defineTool({
  name: 'run_bash',
  title: 'Run a shell script',
  group: 'work',
  description:
    'Run one bash script in the workspace. Each call is a fresh shell that starts in the workspace; input is empty, so nothing can prompt. Answers with the output when it ends within wait_s; otherwise with a job_id for job_wait while it goes on.',
  input: z.strictObject({
    script: z.string().describe('The script, one or many lines. Example: "ls -la && nproc".'),
    wait_s: WaitArgument,
  }),
  output: JobAnswer,
  effect: 'destroys',
  essential: true,
  needs: 'sandbox',
  async handle({ script, wait_s }, context) {
    if (script.trim() === '') throw new InputError('The script is empty. Give at least one command.');
    return runJob({ argv: ['bash', '-c', script], command: script, wait_s }, context);
  },
});
