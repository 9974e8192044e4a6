import { StartedRun, TaskList, TaskText } from '../answers.js';
import type { Play } from '../script.js';

/** Reads the task, starts the run and leaves. */
export async function nop({ contestant, taskId, onRun, onStep }: Play): Promise<void> {
  onStep('reads the task');
  await contestant.call('list_tasks', {}, TaskList);
  await contestant.call('read_task', { task_id: taskId }, TaskText);
  onStep('starts the run');
  const { run_id } = await contestant.call('start_run', { task_id: taskId, note: 'script:nop' }, StartedRun);
  onRun(run_id);
  onStep('leaves without handing in');
}
