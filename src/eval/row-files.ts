import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SuiteData } from './evaluation-data.js';

/** Where the rows of one judgement lie until it is made; an evaluation that was killed goes on from what is there. */
export async function makeRowsFolder(home: string, key: string): Promise<string> {
  const folder = rowsFolder(home, key);
  await mkdir(folder, { recursive: true });
  return folder;
}

export async function removeRowsFolder(home: string, key: string): Promise<void> {
  await rm(rowsFolder(home, key), { recursive: true, force: true, maxRetries: 5 });
}

/** Held while the rows of one judgement are made: two evaluations of the same weights at once score them once. */
export function rowsLock(home: string, key: string): string {
  return `${rowsFolder(home, key)}.lock`;
}

function rowsFolder(home: string, key: string): string {
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
