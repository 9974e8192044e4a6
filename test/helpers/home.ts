import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

/** A home folder of its own for a test, with the Python environment and the small models of the real one. */
export async function makeHome({
  hasModels = true,
} = {}): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'mlrb-home-'));
  await sharePython(path);
  if (hasModels) await shareModels(path);
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }),
  };
}

/** Lends the Python environment of the real home to another one. */
export async function sharePython(home: string): Promise<void> {
  const shared = join(inject('home'), 'python');
  await mkdir(shared, { recursive: true });
  await symlink(shared, join(home, 'python'));
}

/** Lends the models of the real home to another one. */
export async function shareModels(home: string): Promise<void> {
  const from = join(inject('home'), 'data', 'train');
  const to = join(home, 'data', 'train');
  await mkdir(to, { recursive: true });
  const models = (await readdir(from)).filter(name => /^mini_(base|expert_\w+)$/.test(name));
  await Promise.all(models.map(name => symlink(join(from, name), join(to, name))));
}
