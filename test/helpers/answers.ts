import { join } from 'node:path';
import { evaluationTexts } from '../../src/data/evaluation-texts.js';
import { datasetsOf } from '../../src/eval/evaluation-data.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { findTask, tasks } from '../../src/tasks/tasks.js';

/** Long enough to stand nowhere by chance. */
const LENGTH = { min: 45, max: 300 };
const PER_DATASET = 150;

/** Lines of what a task's submissions are scored on, spread over each of its data sets that is on this host. */
export async function answersOf(taskId: string, home: string): Promise<string[]> {
  const { task } = findTask(tasks, taskId);
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  const found: string[] = [];
  for (const id of new Set(task.evaluators.flatMap(datasetsOf))) {
    const texts = await evaluationTexts(id, place, new AbortController().signal);
    if (texts === null) continue;
    const lines = (await texts.read()).flatMap(text => text.split('\n')).map(line => line.trim());
    const telling = lines.filter(({ length }) => length >= LENGTH.min && length <= LENGTH.max);
    const step = Math.max(1, Math.floor(telling.length / PER_DATASET));
    found.push(...telling.filter((_, n) => n % step === 0));
  }
  return found;
}
