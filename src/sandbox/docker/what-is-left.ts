import { lstat, opendir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { exists } from '../../lib/exists.js';

/** A process that survived would write within this time if it writes at all often. */
const WATCH_MS = 100;
/** A workspace may hold millions of files; what counts lies near its top. */
const MOST_LOOKED_AT = 5000;

/**
 * Folders of the control groups that a process of this host is in; null where they cannot be seen from here.
 * Version 1 has a line and a tree for each kind of control, version 2 one of each.
 */
export async function controlGroupsOf(pid: number): Promise<readonly string[] | null> {
  const lines = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  const folders = lines.split('\n').flatMap(line => {
    const [, controllers, path] = line.split(':');
    return path === undefined || path === '/'
      ? []
      : [join('/sys/fs/cgroup', treeOf(controllers ?? ''), path)];
  });
  const there = await Promise.all(folders.map(folder => exists(join(folder, 'cgroup.procs'))));
  const seen = folders.filter((_, n) => there[n]);
  return seen.length === 0 ? null : seen;
}

function treeOf(controllers: string): string {
  return controllers.startsWith('name=') ? controllers.slice('name='.length) : controllers;
}

/** Processes in control groups; one that is gone has none. */
export async function processesIn(folders: readonly string[]): Promise<number> {
  const texts = await Promise.all(
    folders.map(folder => readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')),
  );
  return new Set(texts.flatMap(text => text.split('\n').filter(line => line !== ''))).size;
}

export interface Changes {
  readonly looked_at: number;
  readonly changed: number;
}

/**
 * Files and folders below `folder` that change from now on, for a moment. Times are those of the file system: `marker` is a file to
 * be written on the same one.
 */
export async function changesFromNow(folder: string, marker: string): Promise<Changes> {
  await writeFile(marker, '');
  const { ctimeNs } = await stat(marker, { bigint: true });
  await pause(WATCH_MS);
  return countChanges(folder, ctimeNs);
}

async function countChanges(root: string, sinceNs: bigint): Promise<Changes> {
  const pending = [root];
  let [looked_at, changed] = [0, 0];
  for (let folder = pending.shift(); folder !== undefined; folder = pending.shift()) {
    const entries = await opendir(folder).catch(() => []); // hidden by its owner
    for await (const entry of entries) {
      if (looked_at >= MOST_LOOKED_AT) return { looked_at, changed };
      const path = join(folder, entry.name);
      const status = await lstat(path, { bigint: true }).catch(() => undefined);
      looked_at += 1;
      if (status === undefined || status.ctimeNs > sinceNs) changed += 1;
      if (entry.isDirectory()) pending.push(path);
    }
  }
  return { looked_at, changed };
}
