import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../errors.js';
import { isLocked, withFileLock } from '../lib/file-lock.js';
import type { SuiteData } from './evaluation-data.js';

/** Where the rows of one judgement lie until it is made; an evaluation that was killed goes on from what is there. */
export async function makeRowsFolder(home: string, key: string): Promise<string> {
  const folder = rowsFolder(home, key);
  await mkdir(folder, { recursive: true });
  return folder;
}

const KEPT_MS = 7 * 24 * 3600 * 1000;

/** Keys of judgements that nobody has gone on with for a week, so that their rows only take room. */
export async function findAbandonedRows(home: string): Promise<string[]> {
  const names = await readdir(join(home, 'cache', 'rows')).catch(() => []);
  const keys = names.filter(name => !name.endsWith('.lock'));
  const isAbandoned = await Promise.all(
    keys.map(async key => !(await isLocked(rowsLock(home, key))) && isOld(home, key)),
  );
  return keys.filter((_, at) => isAbandoned[at]);
}

/** Removes them unless an evaluation has gone on with them meanwhile. */
export async function removeAbandonedRows(home: string, key: string): Promise<void> {
  try {
    await withFileLock(rowsLock(home, key), { waitMs: 0 }, async () => {
      if (await isOld(home, key)) await removeRowsFolder(home, key);
    });
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error;
  }
}

/** A file that is added or replaced shows in the time of its folder. */
async function isOld(home: string, key: string): Promise<boolean> {
  const folder = rowsFolder(home, key);
  try {
    const folders = [folder, ...(await readdir(folder)).map(name => join(folder, name))];
    const times = await Promise.all(folders.map(async path => (await stat(path)).mtimeMs));
    return Math.max(...times) < Date.now() - KEPT_MS;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false; // an evaluation has just ended with them
    throw error;
  }
}

export async function removeRowsFolder(home: string, key: string): Promise<void> {
  await rm(rowsFolder(home, key), { recursive: true, force: true, maxRetries: 5 });
}

/** Held while the rows of one judgement are made: two evaluations of the same weights at once score them once. */
export function rowsLock(home: string, key: string): string {
  return `${rowsFolder(home, key)}.lock`;
}

export function rowsFolder(home: string, key: string): string {
  return join(home, 'cache', 'rows', key);
}

/** The rows of all suites as JSON lines, in the order of the suites and of their subtasks. Throws if a file is missing. */
export async function readRowFiles(folder: string, suites: readonly SuiteData[]): Promise<string> {
  const files = suites.flatMap(({ request, sizes, parts }) =>
    (parts ?? Object.keys(sizes)).map(name => join(folder, request.suite, `${name}.jsonl`)),
  );
  const contents = await Promise.all(files.map(path => readFile(path, 'utf8')));
  return contents.join('');
}
