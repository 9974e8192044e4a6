import { z } from 'zod';
import { count, firstChars, size } from '../lib/text.js';
import { jobFacts, jobSentence } from './support/job-answer.js';
import { defineTool } from './tool.js';

const MAX_JOBS = 50;

export const jobList = defineTool({
  name: 'job_list',
  title: 'List jobs',
  group: 'jobs',
  description: `The jobs of this run, newest first, at most ${MAX_JOBS}; running ones are always listed.`,
  input: z.strictObject({}),
  output: z.object({
    jobs: z.array(
      z.object({
        job_id: z.string(),
        state: z.string(),
        command: z.string(),
        started_at: z.string(),
        seconds: z.number(),
        exit_code: z.number().optional(),
        output_bytes: z.number(),
        output_path: z.string(),
      }),
    ),
    total: z.number(),
  }),
  effect: 'reads',
  needs: 'sandbox',
  async handle(_input, { sandbox, signal }) {
    const { jobs, total } = await sandbox.listJobs(MAX_JOBS, { signal });
    const lines = jobs.map(
      job =>
        `${jobSentence(job)}  ${firstChars(job.command.replaceAll('\n', ' ⏎ '), 100)}  (output: ${job.output_path}, ${size(job.output_bytes)})`,
    );
    const head =
      total === 0
        ? 'No jobs yet: run_python and run_bash start them.'
        : `${count(total, 'job')}${total > jobs.length ? `, ${jobs.length} shown` : ''}:`;
    return {
      text: [head, ...lines].join('\n'),
      data: {
        jobs: jobs.map(job => ({
          ...jobFacts(job),
          command: job.command,
          started_at: job.started_at,
          output_bytes: job.output_bytes,
          output_path: job.output_path,
        })),
        total,
      },
    };
  },
});
