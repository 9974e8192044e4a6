import { SandboxError } from '../../errors.js';
import { withFileLock } from '../../lib/file-lock.js';

/**
 * Runs `task` while no other server of this host starts or ends the sandbox of the run whose lock lies at `path`.
 * @throws SandboxError if another one takes longer than half a minute.
 */
export function underStartLock<T>(path: string, task: () => Promise<T>): Promise<T> {
  return withFileLock(path, { waitMs: 30_000, busy: isStarting }, task);
}

function isStarting(cause: unknown): SandboxError {
  return new SandboxError('Another server is still starting the sandbox of this run. Try again.', { cause });
}
