import { grouped } from '../../lib/text.js';
import { Accepted, Result, StartedRun, TaskList, TaskText } from '../answers.js';
import type { Play } from '../script.js';

/** A short wait, so that progress is told while it is news. */
const RESULT_WAIT_S = 5;

/** Reads the task and starts the run, as any contestant would. */
export async function startRun(
  name: string,
  { contestant, taskId, onRun, onStep }: Play,
): Promise<StartedRun> {
  onStep('reads the task');
  await contestant.call('list_tasks', {}, TaskList);
  await contestant.call('read_task', { task_id: taskId }, TaskText);
  onStep('starts the run');
  const run = await contestant.call('start_run', { task_id: taskId, note: `script:${name}` }, StartedRun);
  onRun(run.run_id);
  return run;
}

/** Hands in a folder and waits for the score. @throws ToolRefusal if it is not accepted. */
export async function submitAndWait(model_path: string, play: Play): Promise<void> {
  play.onStep('hands in the model');
  await play.contestant.call('submit_model', { model_path }, Accepted);
  await waitForOutcome(play);
}

export async function waitForOutcome({ contestant, onStep }: Play): Promise<void> {
  for (;;) {
    const result = await contestant.call('get_result', { wait_s: RESULT_WAIT_S }, Result);
    if (result.outcome !== undefined || result.evaluation?.state === 'stopped') return;
    onStep('waits for the score', progress(result));
  }
}

function progress({ evaluation }: Result): string | undefined {
  if (evaluation === undefined) return undefined;
  const { step, done, total } = evaluation;
  return total > 1 ? `${step}, ${grouped(done)} of ${grouped(total)}` : step;
}
