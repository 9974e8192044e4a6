import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { ConfigError, errorCode } from '../../errors.js';

/** A Unix socket's path may have 108 bytes on Linux, 104 on macOS, with the closing NUL. */
const MAX_SOCKET_PATH = 100;

/**
 * Path of the socket for a run, in a short folder that only this user can enter. A run's own folder may lie too deep.
 * @throws ConfigError if someone else holds that folder's place.
 */
export async function makeSocketPath(runFolder: string): Promise<string> {
  const { uid } = userInfo();
  const name = `${createHash('sha256').update(runFolder).digest('hex').slice(0, 16)}.sock`;
  const usual = join(tmpdir(), `mlrb-${uid}`);
  const folder =
    Buffer.byteLength(join(usual, name)) <= MAX_SOCKET_PATH ? usual : join('/tmp', `mlrb-${uid}`);
  await makePrivateFolder(folder, uid);
  return join(folder, name);
}

async function makePrivateFolder(path: string, uid: number): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const status = await lstat(path);
  if (!status.isDirectory() || status.uid !== uid) {
    throw new ConfigError(
      `${path} is not a folder of this user, but sockets belong there. Remove it and try again.`,
    );
  }
  if ((status.mode & 0o077) !== 0) await chmod(path, 0o700);
}
