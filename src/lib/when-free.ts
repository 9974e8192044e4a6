import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../errors.js';
import { withFileLock } from './file-lock.js';

const RETRY_MS = 500;

export interface WhenFree {
  readonly signal: AbortSignal;
  /** Called every now and then while another process holds the lock, with the seconds waited so far. */
  readonly onWait: (seconds: number) => void;
}

/** Runs `task` once no other process holds the lock, however long that takes. @throws the signal's reason on abort. */
export async function whenFree<T>(
  lock: string,
  { signal, onWait }: WhenFree,
  task: () => Promise<T>,
): Promise<T> {
  const since = Date.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await withFileLock(lock, { waitMs: 0 }, task);
    } catch (error) {
      if (errorCode(error) !== 'ELOCKED') throw error;
    }
    onWait((Date.now() - since) / 1000);
    await sleep(RETRY_MS, undefined, { signal });
  }
}
