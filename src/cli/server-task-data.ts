import type { Config } from '../config.js';
import { prepareTaskData } from '../data/prepare-task-data.js';
import type { Logger } from '../logger.js';
import type { TaskFolder } from '../tasks/task.js';
import { dataPlace } from './data-place.js';
import { serverModels } from './small-models-here.js';

/** For a server: the folder of a task's training data, made where it is missing. */
export async function serverTaskData(
  folder: TaskFolder,
  config: Config,
  options: { readonly signal: AbortSignal; readonly log: Logger },
): Promise<string | null> {
  await serverModels(config, options)(folder);
  return prepareTaskData(folder.task, dataPlace(config), options.signal);
}
