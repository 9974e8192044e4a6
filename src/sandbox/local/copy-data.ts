import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '../../lib/exists.js';

/**
 * Copies a folder of data for the contestant, files read-only, sharing blocks where the file system can. Does nothing if
 * the copy is there already; a copy that was cut off is begun anew.
 */
export async function copyData(from: string | null, to: string): Promise<void> {
  if (await exists(to)) return;
  const unfinished = `${to}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  if (from !== null) await copyFolder(from, unfinished);
  await rename(unfinished, to);
}

async function copyFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if ((await stat(source)).isDirectory()) {
      await mkdir(target);
      await copyFolder(source, target);
    } else {
      await copyFile(source, target, constants.COPYFILE_FICLONE);
      await chmod(target, 0o444);
    }
  }
}
