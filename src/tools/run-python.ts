import { z } from 'zod';
import { InputError } from '../errors.js';
import { JobAnswer } from './support/job-answer.js';
import { runJob } from './support/run-job.js';
import { WaitArgument } from './support/wait.js';
import { defineTool } from './tool.js';

export const runPython = defineTool({
  name: 'run_python',
  title: 'Run Python',
  group: 'work',
  description:
    'Run a Python program in the workspace, unbuffered. Give either filepath (a file, with args) or code (the program itself). Answers with the output when it ends within wait_s; otherwise with a job_id for job_wait while it goes on. Long training belongs here: it is never cut off by your client.',
  input: z.strictObject({
    filepath: z
      .string()
      .optional()
      .describe('Program to run, absolute or relative to the workspace. Give this or code, not both.'),
    code: z.string().optional().describe('Source of a program to run. Give this or filepath, not both.'),
    args: z.array(z.string()).optional().describe('Command-line arguments for the program.'),
    wait_s: WaitArgument,
  }),
  output: JobAnswer,
  effect: 'destroys',
  essential: true,
  needs: 'sandbox',
  async handle({ filepath, code, args = [], wait_s }, context) {
    const program = programOf(filepath, code);
    const argv = ['python3', '-u', ...program.argv, ...args];
    return runJob({ argv, command: ['python', program.label, ...args].join(' '), wait_s }, context);
  },
});

/** "One of them" is the handler's rule: a schema that says so breaks several clients. */
function programOf(
  filepath: string | undefined,
  code: string | undefined,
): { argv: string[]; label: string } {
  if (filepath !== undefined && code !== undefined) {
    throw new InputError('Give either filepath or code, not both: drop the one you do not want to run.');
  }
  if (filepath !== undefined && filepath.trim() !== '') return { argv: [filepath], label: filepath };
  if (code !== undefined && code.trim() !== '') return { argv: ['-c', code], label: '-c …' };
  throw new InputError(
    'Give filepath (a program in the workspace) or code (the source of one): neither was there.',
  );
}
