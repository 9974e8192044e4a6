import { join } from 'node:path';
import type { Task } from '../tasks/task.js';
import type { Dataset } from './dataset.js';

/** Where data lies, and where the package's own comes from. Both absolute. */
export interface DataPlace {
  readonly home: string;
  /** The folder `data/` of the package. */
  readonly packageData: string;
}

/** The folder of one data set. What is trained on and what is scored on lie apart. */
export function datasetFolder({ home }: Pick<DataPlace, 'home'>, dataset: Dataset): string {
  return join(home, 'data', dataset.role, dataset.folder ?? dataset.id);
}

/** What a contestant sees at the data path of a task. */
export function taskDataFolder({ home }: Pick<DataPlace, 'home'>, task: Task): string {
  return join(home, 'data', 'tasks', `${task.id}-v${task.version}`);
}

/** Files of a data set from the hub as they are there, by commit, until the data set has been made from them. */
export function downloadFolder({ home }: Pick<DataPlace, 'home'>, dataset: Dataset): string {
  return join(home, 'data', 'downloads', dataset.id);
}

/** Held while a data set is being written. */
export function dataLock({ home }: Pick<DataPlace, 'home'>, id: string): string {
  return join(home, 'data', 'locks', `${id}.lock`);
}
