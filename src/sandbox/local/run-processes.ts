import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunPlace } from '../sandbox.js';

/**
 * Ids of the runs below a folder of runs that living processes of this host belong to: also of runs whose own folders are gone. Empty
 * where the system has no /proc.
 */
export async function runsWithProcesses(runsFolder: string): Promise<string[]> {
  const marks = await marksOfProcesses();
  const here = marks.filter(mark => isOf(mark, { ...mark, run_folder: join(runsFolder, mark.run_id) }));
  return [...new Set(here.map(({ run_id }) => run_id))].sort();
}

/** Whether a process of this host belongs to the run, as far as can be seen without its folder. */
export async function hasProcesses(run: RunPlace): Promise<boolean> {
  return (await marksOfProcesses()).some(mark => isOf(mark, run));
}

/** What a process of a run carries: the run's id, and paths in its environment and on its command line. */
interface Mark {
  readonly run_id: string;
  readonly carried: string;
}

/** Runs of two home folders may have the same id. */
function isOf({ run_id, carried }: Mark, run: Pick<RunPlace, 'run_id' | 'run_folder'>): boolean {
  return run_id === run.run_id && carried.includes(`${run.run_folder}/`);
}

async function marksOfProcesses(): Promise<Mark[]> {
  const names = await readdir('/proc').catch(() => []);
  const marks = await Promise.all(names.filter(name => /^\d+$/.test(name)).map(markOf));
  return marks.filter(mark => mark !== undefined);
}

async function markOf(pid: string): Promise<Mark | undefined> {
  const read = (name: string) => readFile(join('/proc', pid, name), 'utf8').catch(() => '');
  const [environment, commandLine] = await Promise.all([read('environ'), read('cmdline')]);
  const run_id = /(?:^|\0)MLRB_RUN_ID=(run_[a-z0-9]{1,40})\0/.exec(environment)?.[1];
  return run_id === undefined ? undefined : { run_id, carried: environment + commandLine };
}
