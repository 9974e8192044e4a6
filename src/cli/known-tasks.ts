import { dirname } from 'node:path';
import type { Config } from '../config.js';
import { ConfigError, InputError } from '../errors.js';
import { parseEvaluator } from '../eval/evaluator-name.js';
import { readCustomTasks } from '../tasks/custom-tasks.js';
import type { TaskFolder } from '../tasks/task.js';
import { tasks } from '../tasks/tasks.js';

/**
 * The tasks of the package, and those of the folder that is set.
 * @throws ConfigError that names what is not right in that folder.
 */
export function knownTasks({ tasks: folder }: Pick<Config, 'tasks'>): readonly TaskFolder[] {
  if (folder === '') return tasks;
  const custom = readCustomTasks(folder, tasks);
  for (const task of custom) checkEvaluators(task);
  return [...tasks, ...custom];
}

function checkEvaluators({ task, promptFile }: TaskFolder): void {
  for (const { id } of [...task.evaluators, ...task.options]) {
    try {
      parseEvaluator(id);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const place = dirname(promptFile);
      throw new ConfigError(`The manifest in ${place}, "evaluators" or "options": ${error.message}`, {
        cause: error,
      });
    }
  }
}
