import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { ConfigError } from '../errors.js';
import { whenFree } from '../lib/when-free.js';
import type { Task, TaskData } from '../tasks/task.js';
import type { RecordFile } from './dataset-record.js';
import { orDiskFull } from './disk-full.js';
import { hashFile } from './file-facts.js';
import { type FoundDataset, locateDataset } from './locate-dataset.js';
import { type DataPlace, dataLock, taskDataFolder } from './locations.js';

/**
 * The folder that a contestant sees at a task's data path: what the manifest names, read-only, and nothing else. The files share their place on the
 * disk with the data sets. Null where the task has no data.
 * @throws ConfigError that says which data set is missing and how to get it, that the package is damaged or the disk full.
 */
export async function prepareTaskData(
  task: Task,
  place: DataPlace,
  signal: AbortSignal,
): Promise<string | null> {
  if (task.data.length === 0) return null;
  const folder = taskDataFolder(place, task);
  const wanted = new Map<string, Origin>();
  for (const data of task.data) {
    const found = await locateForTask(task, data, place, signal);
    for (const file of found.record.files)
      wanted.set(pathInTask(data, found, file), { ...file, path: join(found.folder, file.path) });
  }
  const lock = dataLock(place, `task-${task.id}`);
  await whenFree(lock, { signal, onWait: () => undefined }, () =>
    orDiskFull(folder, async () => {
      for (const [path, origin] of wanted) await putFile(origin, join(folder, path), signal);
      await removeOthers(folder, wanted);
    }),
  );
  return folder;
}

interface Origin extends RecordFile {
  /** Absolute. */
  readonly path: string;
}

async function locateForTask(
  task: Task,
  { dataset }: TaskData,
  place: DataPlace,
  signal: AbortSignal,
): Promise<FoundDataset> {
  const located = await locateDataset(dataset, place, signal);
  if (located.isFound && located.dataset.role === 'train') return located;
  if (located.isFound) throw new Error(`${task.id} hands out ${dataset}, which submissions are scored on`);
  throw new ConfigError(`${located.reason} The task ${task.id} needs it. ${located.remedy}`);
}

/** A set of one file is that file where the task names it with its ending; else the path is a folder. */
function pathInTask(data: TaskData, { record }: FoundDataset, { path }: RecordFile): string {
  const isFile = record.files.length === 1 && extname(path) !== '' && extname(data.path) === extname(path);
  return isFile ? data.path : join(data.path, path);
}

async function putFile(origin: Origin, target: string, signal: AbortSignal): Promise<void> {
  if (await isSame(origin, target, signal)) return;
  await mkdir(dirname(target), { recursive: true });
  const fresh = join(dirname(target), `.${randomBytes(6).toString('hex')}`);
  try {
    await link(origin.path, fresh).catch(() => copyFile(origin.path, fresh, constants.COPYFILE_FICLONE)); // this file system has no such links
    await chmod(fresh, 0o444);
    await rename(fresh, target);
  } finally {
    await rm(fresh, { force: true });
  }
}

/** One file by two names, or a copy with the same content. */
async function isSame(origin: Origin, target: string, signal: AbortSignal): Promise<boolean> {
  const [a, b] = await Promise.all([stat(origin.path), stat(target).catch(() => undefined)]);
  if (b === undefined) return false;
  if (a.ino === b.ino && a.dev === b.dev) return true;
  return b.size === origin.bytes && (await hashFile(target, signal)) === origin.sha256;
}

async function removeOthers(folder: string, wanted: ReadonlyMap<string, unknown>): Promise<void> {
  const needed = [...wanted.keys()];
  for (const path of await readdir(folder, { recursive: true })) {
    const isNeeded = needed.some(name => name === path || name.startsWith(`${path}/`));
    if (!isNeeded) await rm(join(folder, path), { recursive: true, force: true });
  }
}
