import { existsSync, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { ConfigError, errorCode, isDiskFull, isNotWritable } from '../errors.js';

const ANOTHER = 'choose another folder with --home or MLRB_HOME';

/**
 * Refuses a home folder on a file system that denies having a folder which it lists, as /proc does: there Node's recursive
 * `mkdir` tries for ever. Leaves nothing behind, and says nothing of a folder that may not be written: reading may be all that is wanted.
 * @param home an absolute path.
 * @throws ConfigError for such a folder.
 */
export function refuseImpossibleHome(home: string): void {
  const wanted = join(home, 'runs');
  const above = nearestThere(wanted);
  if (above === wanted) return;
  try {
    rmdirSync(mkdtempSync(join(above, '.mlrb-')));
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') return;
    throw new ConfigError(
      `The home folder ${home} cannot be used: ${above} can hold no folders of ours. Give a path on a disk: ${ANOTHER}.`,
      { cause: error },
    );
  }
}

function nearestThere(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestThere(dirname(path));
}

/** What the operator must mend, if a system error came from the home folder: it is full, or it cannot be written or read. */
export function homeFault(error: unknown, home: string): ConfigError | undefined {
  if (isDiskFull(error)) {
    const sentence = `The disk is full: there is no room left below ${home}. Free some space there, or ${ANOTHER}, and try again.`;
    return new ConfigError(sentence, { cause: error });
  }
  const path = pathOf(error);
  const why = whyUnusable(error);
  if (path === undefined || why === undefined || !`${path}${sep}`.startsWith(`${home}${sep}`))
    return undefined;
  return new ConfigError(
    `The home folder ${home} cannot be used: ${path} ${why}. Change its owner or its rights, or ${ANOTHER}.`,
    { cause: error },
  );
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
}

function whyUnusable(error: unknown): string | undefined {
  const code = errorCode(error) ?? '';
  if (code === 'ENOENT') return isMkdir(error) ? 'cannot be made there' : undefined;
  if (code === 'EROFS') return 'lies on a file system that is read-only';
  if (['ENOTDIR', 'EEXIST'].includes(code)) return 'is, or lies below, something that is no folder';
  if (['ENAMETOOLONG', 'ELOOP'].includes(code)) return 'has too long a name or too many links on the way';
  return isNotWritable(error) ? 'may not be read or written by this user' : undefined;
}

/** A folder that was made with those above it is missing all the same: a link on the way leads nowhere. */
function isMkdir(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'mkdir';
}
