import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { check, lock } from 'proper-lockfile';
import { errorCode } from '../errors.js';

/** A holder that dies without unlocking is given up after this long. */
const STALE_MS = 5000;
/** Who waits this long and still finds a lock held is kept out by a living process. */
export const DEAD_HOLDER_MS = STALE_MS + 2000;

export interface LockOptions {
  /** How long to wait for another holder, milliseconds. */
  readonly waitMs: number;
  /** What to throw where another holder keeps it for longer. */
  readonly busy?: (cause: unknown) => Error;
}

/**
 * Runs `task` while holding the lock at `path`, across processes of this host.
 * @throws what `busy` makes, else the library's error with code `ELOCKED`, when another holder keeps it for longer than `waitMs`.
 */
export async function withFileLock<T>(
  path: string,
  { waitMs, busy }: LockOptions,
  task: () => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const retryMs = 50;
  const release = await lock(path, {
    realpath: false,
    lockfilePath: path,
    stale: STALE_MS,
    update: STALE_MS / 4,
    onCompromised: () => undefined, // this process stood still for so long that another took over; the library would throw from a timer
    retries: { retries: Math.ceil(waitMs / retryMs), factor: 1, minTimeout: retryMs, maxTimeout: retryMs },
  }).catch((error: unknown) => {
    throw busy !== undefined && errorCode(error) === 'ELOCKED' ? busy(error) : error;
  });
  try {
    return await task();
  } finally {
    await release().catch(() => undefined); // the holder was away for so long that the lock was taken over
  }
}

/** Whether some living process holds the lock. */
export async function isLocked(path: string): Promise<boolean> {
  return check(path, { realpath: false, lockfilePath: path, stale: STALE_MS });
}
