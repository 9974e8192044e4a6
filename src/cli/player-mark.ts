import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeJson } from '../lib/atomic-write.js';
import { isLocked, withFileLock } from '../lib/file-lock.js';
import { isAlive } from '../lib/process-group.js';

/** What a process that plays as a contestant of ours leaves for others to find if it is killed. */
const PlayerMark = z.strictObject({ version: z.literal(1), principal: z.string(), pid: z.number().int() });
type PlayerMark = z.infer<typeof PlayerMark>;

const ENDING = '.player';

/**
 * Runs `task` as the only process that plays as this contestant, marked as such until it ends.
 * @throws with code `ELOCKED` at once if another does.
 */
export function asOnlyPlayer<T>(home: string, principal: string, task: () => Promise<T>): Promise<T> {
  const path = markPath(home, principal);
  return withFileLock(lockOf(path), { waitMs: 0 }, async () => {
    await writeJson(path, { version: 1, principal, pid: process.pid } satisfies PlayerMark);
    try {
      return await task();
    } finally {
      await rm(path, { force: true });
    }
  });
}

/** A contestant of ours whose process was killed. */
export interface AbandonedPlayer {
  readonly principal: string;
  /** Takes the mark away, unless another process plays as the contestant by now. */
  readonly forget: () => Promise<void>;
}

export async function findAbandonedPlayers(home: string): Promise<AbandonedPlayer[]> {
  const folder = join(home, 'principals');
  const names = await readdir(folder).catch(() => []);
  const found: AbandonedPlayer[] = [];
  for (const path of names.filter(name => name.endsWith(ENDING)).map(name => join(folder, name))) {
    const mark = await readMark(path);
    if (mark === undefined || (await isPlaying(path, mark))) continue;
    const forget = async () => {
      if ((await readMark(path))?.pid === mark.pid) await rm(path, { force: true });
    };
    found.push({ principal: mark.principal, forget });
  }
  return found;
}

async function isPlaying(path: string, { pid }: PlayerMark): Promise<boolean> {
  return isAlive(pid) && (await isLocked(lockOf(path)));
}

async function readMark(path: string): Promise<PlayerMark | undefined> {
  try {
    return PlayerMark.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}

function markPath(home: string, principal: string): string {
  return join(home, 'principals', `${encodeURIComponent(principal)}${ENDING}`);
}

function lockOf(path: string): string {
  return `${path}.lock`;
}
