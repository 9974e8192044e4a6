import { lstat, opendir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from '../../errors.js';

/**
 * What is wrong with what a program writes: more than it may; something that is neither file nor folder, or is hidden; or the disk
 * is nearly full, be it by files that are removed and still open, which no folder shows.
 */
export type WriteFault = 'too_much' | 'strange' | 'disk_nearly_full';

export interface WatchedWrites {
  /** Folders of this host that it writes into. */
  readonly folders: readonly string[];
  /** What they may take together. */
  readonly bytes: number;
}

export interface WriteWatch {
  /** Looks a last time, and no more. What was found, then or before; null where nothing was. */
  stop(): Promise<WriteFault | null>;
}

const LOOK_EVERY_MS = 500;
/** A disk writes no more than this between two looks; where less was free from the start, half of that. */
const KEPT_FREE_BYTES = 2e9;
/** A name costs the disk something, too. */
const ENTRY_BYTES = 4096;

/** Looks at the folders again and again, and calls `onFault` once something is wrong. No kernel keeps such a bound for a folder. */
export async function watchWrites(writes: WatchedWrites, onFault: () => void): Promise<WriteWatch> {
  if (writes.folders.length === 0) return { stop: async () => null };
  const keptFree = Math.min(KEPT_FREE_BYTES, (await freeBytes(writes.folders)) / 2);
  const look = (): Promise<WriteFault | null> => findFault(writes, keptFree);
  const stopped = new AbortController();
  const looking = lookUntil(look, stopped.signal);
  void looking.then(fault => fault !== null && onFault());
  const lookLast = async (): Promise<WriteFault | null> => {
    stopped.abort();
    return (await looking) ?? look();
  };
  let last: Promise<WriteFault | null> | undefined;
  return {
    stop() {
      last ??= lookLast();
      return last;
    },
  };
}

async function lookUntil(
  look: () => Promise<WriteFault | null>,
  signal: AbortSignal,
): Promise<WriteFault | null> {
  while (!signal.aborted) {
    const fault = await look();
    if (fault !== null) return fault;
    await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

async function findFault({ folders, bytes }: WatchedWrites, keptFree: number): Promise<WriteFault | null> {
  let left = bytes;
  for (const root of folders) {
    const used = await usedBelow(root, left);
    if (typeof used !== 'number') return used;
    left -= used;
  }
  return (await freeBytes(folders)) < keptFree ? 'disk_nearly_full' : null;
}

/** Bytes on the disk below a folder; a fault as soon as they are more than `most`, or something cannot be looked at. */
async function usedBelow(root: string, most: number): Promise<number | WriteFault> {
  const pending = [root];
  let used = 0;
  try {
    for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
      for await (const { name } of (await unlessGone(opendir(folder))) ?? []) {
        const path = join(folder, name);
        const status = await unlessGone(lstat(path));
        if (status === undefined) continue;
        if (status.isDirectory()) pending.push(path);
        else if (!status.isFile()) return 'strange';
        used += ENTRY_BYTES + status.blocks * 512;
        if (used > most) return 'too_much';
      }
    }
    return used;
  } catch {
    return 'strange';
  }
}

/** What the program moves or removes while it is looked at is not there. */
async function unlessGone<T>(found: Promise<T>): Promise<T | undefined> {
  return found.catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
}

/** On the disk that has the least. */
async function freeBytes(folders: readonly string[]): Promise<number> {
  const disks = await Promise.all(folders.map(folder => unlessGone(statfs(folder))));
  return Math.min(...disks.map(disk => (disk === undefined ? Infinity : disk.bavail * disk.bsize)));
}
