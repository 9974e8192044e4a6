import { join } from 'node:path';
import { ConfigError } from '../errors.js';
import { exists } from '../lib/exists.js';
import type { TaskFolder } from './task.js';

/**
 * The folder that a contestant sees at the data path of a task that brings its data itself; null where it has none.
 * @throws ConfigError that names what the manifest promises and the folder does not hold.
 */
export async function ownTaskData({ task, ownData }: TaskFolder): Promise<string | null> {
  if (ownData === undefined || task.data.length === 0) return null;
  for (const { path } of task.data) {
    const place = join(ownData, path);
    if (!(await exists(place)))
      throw new ConfigError(
        `The task ${task.id} names the data "${path}", and there is no ${place}. Put it there, or take it out of the manifest.`,
      );
  }
  return ownData;
}
