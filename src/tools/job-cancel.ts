import { z } from 'zod';
import { JobAnswer, jobFacts, jobSentence } from './support/job-answer.js';
import { defineTool } from './tool.js';

export const jobCancel = defineTool({
  name: 'job_cancel',
  title: 'Cancel a job',
  group: 'jobs',
  description:
    'End a job with all its processes, also those it left in the background. A job that has ended already stays as it is. Its output is kept.',
  input: z.strictObject({ job_id: z.string().describe('As run_python or run_bash answered it.') }),
  output: JobAnswer.pick({
    job_id: true,
    state: true,
    exit_code: true,
    exit_signal: true,
    ended_by: true,
    seconds: true,
    output_path: true,
  }),
  effect: 'replaces',
  needs: 'sandbox',
  async handle({ job_id }, { sandbox, signal }) {
    const job = await sandbox.cancelJob(job_id, { signal });
    return {
      text: `${jobSentence(job)} Its output is in ${job.output_path}.`,
      data: { ...jobFacts(job), output_path: job.output_path },
    };
  },
});
