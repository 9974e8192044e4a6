import { InputError } from '../../errors.js';
import { firstChars, grouped } from '../../lib/text.js';
import { parseRepoAddress } from './repo-address.js';

const MAX_CHARS = 1000;

/** A path inside a repository: without slashes at its ends, `.` and empty parts. @throws InputError */
export function parseRepoPath(text: string, argument: string): string {
  const given = text.trim();
  if (given.length > MAX_CHARS)
    throw new InputError(
      `The ${argument} has ${grouped(given.length)} characters, which no path has. Give it as github_list_files shows it.`,
    );
  if (/^https?:\/\//i.test(given)) return fromAddress(given, argument);
  const parts = given
    .replaceAll('\\', '/')
    .split('/')
    .filter(part => part !== '' && part !== '.');
  if (parts.includes('..')) {
    throw new InputError(
      `The ${argument} "${firstChars(given, 100)}" leads upwards. Give it from the root of the repository.`,
    );
  }
  return parts.join('/');
}

/** The path of an address such as https://github.com/owner/name/blob/main/src/x.py, where its branch has no slash. */
function fromAddress(given: string, argument: string): string {
  const { rest } = parseRepoAddress(given);
  if (rest.length < 2)
    throw new InputError(
      `The ${argument} is an address without a path. Give the path from the root of the repository.`,
    );
  return rest.slice(1).join('/');
}

/** The path that is meant by what an address points to and what was asked for below it; a path that repeats the address counts once. */
export function joinPaths(base: string, below: string): string {
  if (base === '' || below === base || below.startsWith(`${base}/`)) return below || base;
  return below === '' ? base : `${base}/${below}`;
}
