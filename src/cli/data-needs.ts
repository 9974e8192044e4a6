import { DATASETS } from '../data/datasets.js';
import { InputError } from '../errors.js';
import { datasetsOf } from '../eval/evaluation-data.js';
import { unknownName } from '../lib/suggest.js';
import type { TaskFolder } from '../tasks/task.js';

/** Every task's perplexity is measured on it where it is there. */
const EVERY_TASK = 'wikitext2_test';

/** The data sets that a task trains on and is scored on, by id. */
export function datasetsOfTask({ task, ownData }: TaskFolder): string[] {
  const given = ownData === undefined ? task.data.map(({ dataset }) => dataset) : [];
  return [...new Set([...given, ...task.evaluators.flatMap(datasetsOf)])];
}

/** Data sets by their own names, or those of tasks and suites that need them, in the order of the registry; all where there are no names. */
export function namedDatasets(names: readonly string[], tasks: readonly TaskFolder[]): string[] {
  const ids = DATASETS.map(({ id }) => id);
  if (names.length === 0) return ids;
  const wanted = new Set(names.flatMap(name => datasetsBehind(name, ids, tasks)));
  return ids.filter(id => wanted.has(id));
}

function datasetsBehind(name: string, ids: readonly string[], tasks: readonly TaskFolder[]): string[] {
  const behind = tasks.filter(({ task }) => task.id === name || task.suite === name);
  const found = [
    ...ids.filter(id => id === name),
    ...behind.flatMap(folder => [...datasetsOfTask(folder), EVERY_TASK]),
  ];
  if (found.length > 0) return found;
  const known = [...new Set(tasks.flatMap(({ task }) => [task.suite, task.id])), ...ids];
  throw new InputError(unknownName('task, suite or data set', name, [...new Set(known)]));
}

/** The tasks that need a data set, by id; one that serves all of them belongs to none in particular. */
export function tasksThatNeed(id: string, tasks: readonly TaskFolder[]): string[] {
  if (id === EVERY_TASK) return ['every task (perplexity)'];
  return tasks.filter(folder => datasetsOfTask(folder).includes(id)).map(({ task }) => task.id);
}
