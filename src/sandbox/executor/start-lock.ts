import { errorCode, SandboxError } from '../../errors.js';
import { withFileLock } from '../../lib/file-lock.js';

/**
 * Runs `task` while no other server of this host starts or ends the sandbox of the run whose lock lies at `path`.
 * @throws SandboxError if another one takes longer than half a minute.
 */
export async function underStartLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  let isHeld = false;
  try {
    return await withFileLock(path, { waitMs: 30_000 }, () => {
      isHeld = true;
      return task();
    });
  } catch (error) {
    if (isHeld || errorCode(error) !== 'ELOCKED') throw error;
    throw new SandboxError('Another server is still starting the sandbox of this run. Try again.', {
      cause: error,
    });
  }
}
