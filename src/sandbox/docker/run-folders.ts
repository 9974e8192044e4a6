import { chmod, chown, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../lib/exists.js';
import type { SandboxSpec } from '../sandbox.js';
import { type AgentUser, agentUser } from './agent-user.js';
import { dockerPlaces } from './docker-places.js';

/** Makes what is missing of the run's folders, and hands the workspace to the contestant's user. Repeatable. */
export async function makeFolders({ run_folder }: SandboxSpec): Promise<void> {
  const places = dockerPlaces(run_folder);
  const isNew = !(await exists(places.own));
  await mkdir(places.own, { recursive: true, mode: 0o700 });
  await Promise.all([
    mkdir(places.workspace, { recursive: true }),
    mkdir(places.jobs, { recursive: true }),
    mkdir(places.executor, { recursive: true }),
    mkdir(places.noData, { recursive: true }),
  ]);
  await chmod(places.own, 0o700);
  if (isNew && process.getuid?.() === 0) await handOver(places.workspace, agentUser());
}

async function handOver(path: string, user: AgentUser): Promise<void> {
  await chown(path, user.uid, user.gid);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const below = join(path, entry.name);
    if (entry.isDirectory()) await handOver(below, user);
    else if ((await lstat(below)).isFile()) await chown(below, user.uid, user.gid);
  }
}
