import { readFile } from 'node:fs/promises';
import { SandboxError } from '../../errors.js';
import { Accepted, AnyAnswer, JobPage, Result, StartedRun, TaskList, TaskText } from '../answers.js';
import type { Play, Script } from '../script.js';

/** Short waits, so that output and progress are told while they are news. */
const JOB_WAIT_S = 10;
const RESULT_WAIT_S = 5;

export interface Program {
  readonly name: string;
  /** A Python program that takes `--data DIR --out DIR` and leaves a model in the second. */
  readonly file: URL;
}

/** A contestant that writes one program, runs it, hands in what it leaves, and waits for the score. */
export function trainAndSubmit({ name, file }: Program): Script {
  return async play => {
    const { contestant, taskId, onRun, onStep } = play;
    onStep('reads the task');
    await contestant.call('list_tasks', {}, TaskList);
    await contestant.call('read_task', { task_id: taskId }, TaskText);
    onStep('starts the run');
    const run = await contestant.call('start_run', { task_id: taskId, note: `script:${name}` }, StartedRun);
    onRun(run.run_id);
    const program = `${name}.py`;
    onStep(`writes ${program}`);
    await contestant.call('write_code', { path: program, code: await readFile(file, 'utf8') }, AnyAnswer);
    onStep(`runs ${program}`);
    await runProgram(program, ['--data', run.data, '--out', run.submission_path], play);
    onStep('hands in the model');
    await contestant.call('submit_model', { model_path: run.submission_path }, Accepted);
    await waitForOutcome(play);
  };
}

async function runProgram(filepath: string, args: readonly string[], play: Play): Promise<void> {
  const { contestant, onOutput } = play;
  let page = await contestant.call('run_python', { filepath, args, wait_s: JOB_WAIT_S }, JobPage);
  onOutput(page.output);
  while (page.state === 'running' || page.more) {
    const { job_id, cursor } = page;
    page = await contestant.call('job_wait', { job_id, cursor, wait_s: JOB_WAIT_S }, JobPage);
    onOutput(page.output);
  }
  if (page.exit_code === 0) return;
  const ending = page.exit_code === undefined ? `was ${page.state}` : `exited with code ${page.exit_code}`;
  throw new SandboxError(
    `The contestant's program ${filepath} ${ending}. Its output is in ${page.output_path}.`,
  );
}

async function waitForOutcome({ contestant, onStep }: Play): Promise<void> {
  for (;;) {
    const result = await contestant.call('get_result', { wait_s: RESULT_WAIT_S }, Result);
    if (result.outcome !== undefined) return;
    onStep('waits for the score', progress(result));
  }
}

function progress({ evaluation }: Result): string | undefined {
  if (evaluation === undefined) return undefined;
  const { step, done, total } = evaluation;
  return total > 1 ? `${step}, ${done} of ${total}` : step;
}
