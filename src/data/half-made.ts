import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors.js';
import { isLocked, withFileLock } from '../lib/file-lock.js';
import { type DataPlace, dataLock } from './locations.js';

/** What a process that was killed left of a data set which it was writing. */
export interface HalfMade {
  /** Absolute. */
  readonly folder: string;
  /** Does nothing where another process writes the same data set by now. */
  readonly remove: () => Promise<void>;
}

const LOCK_PATIENCE_MS = 1000;

/** Folders that nobody writes any more. Downloads that were broken off are not among them: they are gone on with. */
export async function findHalfMade(place: Pick<DataPlace, 'home'>): Promise<HalfMade[]> {
  const found: HalfMade[] = [];
  for (const role of ['train', 'eval']) {
    const parent = join(place.home, 'data', role);
    for (const name of await readdir(parent).catch(() => [])) {
      const id = /^\.(.+)\.(?:new|old)$/.exec(name)?.[1];
      if (id === undefined || (await isLocked(dataLock(place, id)))) continue;
      const folder = join(parent, name);
      found.push({ folder, remove: () => removeFolder(folder, dataLock(place, id)) });
    }
  }
  return found;
}

async function removeFolder(folder: string, lock: string): Promise<void> {
  try {
    await withFileLock(lock, { waitMs: LOCK_PATIENCE_MS }, () =>
      rm(folder, { recursive: true, force: true }),
    );
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error;
  }
}
