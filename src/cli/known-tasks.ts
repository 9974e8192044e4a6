import { dirname } from 'node:path';
import type { Config } from '../config.js';
import { findSource } from '../data/datasets.js';
import { ConfigError, InputError } from '../errors.js';
import { checkEvaluator } from '../eval/check-evaluator.js';
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
  for (const task of custom) checkNames(task);
  return [...tasks, ...custom];
}

/** What a manifest names and only other parts of the program know. */
function checkNames({ task, promptFile }: TaskFolder): void {
  const evaluators = [...task.evaluators, ...task.options];
  const bases = task.rules.flatMap(rule => (rule.id === 'from_base' ? [rule.base] : []));
  const scored = evaluators.flatMap(({ data }) => data ?? []);
  const dataSets = [...bases, ...scored, ...(task.off_limits.data_sets ?? [])];
  try {
    for (const id of dataSets) findSource(id);
    for (const evaluator of evaluators) checkEvaluator(evaluator);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new ConfigError(`The manifest in ${dirname(promptFile)}: ${error.message}`, { cause: error });
  }
}
