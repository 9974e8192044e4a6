import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A name in a submission that is not a plain file of its own. */
export class NotARegularFile extends Error {
  override readonly name = 'NotARegularFile';
}

/**
 * Opens a file that a contestant wrote, for reading. Links are not followed, and a FIFO or device is neither waited for nor read.
 * @throws NotARegularFile if there is anything but a regular file with one name. The caller closes the handle.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.nlink > 1)
      throw new NotARegularFile(`${path} is not a regular file of its own`);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}
