import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { unpackFile } from '../lib/packed-data.js';
import type { Task } from './task.js';

/**
 * Puts a task's training data below `target`, read-only: each file as the manifest names it. What is there and whole stays. `packageData`
 * is the folder `data/` of the package.
 * @throws ConfigError if the package is damaged or the disk full.
 */
export async function unpackTrainingData(task: Task, packageData: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const { path } of task.data) await unpackFile(packageData, `train/${path}`, join(target, path));
}
