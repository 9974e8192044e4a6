import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

/** A home folder of its own for a test, with the Python environment of the real one. */
export async function makeHome(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'mlrb-home-'));
  const shared = join(inject('home'), 'python');
  await mkdir(shared, { recursive: true });
  await symlink(shared, join(path, 'python'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}
