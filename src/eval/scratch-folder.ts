import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../lib/process-group.js';

/** A folder of its own for one evaluation, below the home folder; its name says which process uses it. */
export async function makeScratchFolder(home: string): Promise<string> {
  const parent = join(home, 'scratch');
  await mkdir(parent, { recursive: true });
  return mkdtemp(join(parent, `eval-${process.pid}-`));
}

/** Scratch folders whose process has ended without removing them. */
export async function findDeadScratchFolders(home: string): Promise<string[]> {
  const parent = join(home, 'scratch');
  const names = await readdir(parent).catch(() => []);
  return names.filter(name => !isUsed(name)).map(name => join(parent, name));
}

export async function removeScratchFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5 });
}

function isUsed(name: string): boolean {
  const pid = Number(/^eval-(\d+)-/.exec(name)?.[1]);
  return pid > 0 && isAlive(pid);
}
