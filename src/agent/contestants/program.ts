import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { SandboxError } from '../../errors.js';
import { AnyAnswer, JobPage } from '../answers.js';
import type { Play } from '../script.js';

/** A short wait, so that output is told while it is news. */
const JOB_WAIT_S = 10;

/** A Python program of several files that import one another by name. They lie beside each other in the workspace. */
export interface Program {
  /** The one that is run. */
  readonly main: URL;
  readonly modules: readonly URL[];
}

/** Writes the files of a program, each by its own name, and answers the name of the one to run. */
export async function writeProgram(
  { main, modules }: Program,
  { contestant, onStep }: Play,
): Promise<string> {
  for (const file of [...modules, main]) {
    const path = nameOf(file);
    onStep(`writes ${path}`);
    await contestant.call('write_code', { path, code: await readFile(file, 'utf8') }, AnyAnswer);
  }
  return nameOf(main);
}

/** The name of a file, without its folder. */
export function nameOf(file: URL): string {
  return basename(file.pathname);
}

/**
 * Runs a program in the workspace to its end and answers what it printed.
 * @throws SandboxError if it does not end well.
 */
export async function runProgram(filepath: string, args: readonly string[], play: Play): Promise<string> {
  const { contestant, onOutput, onStep } = play;
  onStep(`runs ${filepath}`);
  let page = await contestant.call('run_python', { filepath, args, wait_s: JOB_WAIT_S }, JobPage);
  let printed = page.output;
  onOutput(page.output);
  while (page.state === 'running' || page.more) {
    const { job_id, cursor } = page;
    page = await contestant.call('job_wait', { job_id, cursor, wait_s: JOB_WAIT_S }, JobPage);
    printed += page.output;
    onOutput(page.output);
  }
  if (page.exit_code === 0) return printed;
  const ending = page.exit_code === undefined ? `was ${page.state}` : `exited with code ${page.exit_code}`;
  throw new SandboxError(
    `The contestant's program ${filepath} ${ending}. Its output is in ${page.output_path}.`,
  );
}
