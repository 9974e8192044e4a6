import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';

/** A regular file below a folder. */
export interface FoundFile {
  /** Relative to the folder. */
  readonly path: string;
  readonly bytes: number;
}

const MAX_FILES = 50_000;

/** Regular files at any depth, links passed over; `isCut` where there are more than are looked at. */
export async function listFiles(root: string): Promise<{ files: FoundFile[]; isCut: boolean }> {
  const files: FoundFile[] = [];
  const open = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for await (const { name } of await opendir(join(root, folder)).catch(() => [])) {
      if (files.length === MAX_FILES) return { files, isCut: true };
      const path = join(folder, name);
      const stats: Stats | undefined = await lstat(join(root, path)).catch(() => undefined);
      if (stats?.isDirectory()) open.push(path);
      else if (stats?.isFile()) files.push({ path, bytes: stats.size });
    }
  }
  return { files, isCut: false };
}
