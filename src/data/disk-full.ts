import { ConfigError, errorCode, isDiskFull } from '../errors.js';

/**
 * Runs what writes below a folder.
 * @throws ConfigError if the disk, or what this process may write, is full.
 */
export async function orDiskFull<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error)) throw error;
    throw new ConfigError(
      `The disk is full below ${folder}. Free some space there, or choose another folder with --home or MLRB_HOME, and try again.`,
      { cause: error },
    );
  }
}

/** Also where one file may grow no further. */
export function isFull(error: unknown): boolean {
  return isDiskFull(error) || errorCode(error) === 'EFBIG';
}
