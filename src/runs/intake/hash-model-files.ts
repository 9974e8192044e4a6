import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SubmissionFile } from '../submission.js';
import { openRegularFile } from './open-regular-file.js';

/** The named files of a model folder with the SHA-256 of their content, read in pieces. */
export async function hashModelFiles(folder: string, paths: readonly string[]): Promise<SubmissionFile[]> {
  const hashed: SubmissionFile[] = [];
  for (const path of paths) {
    await using file = await openRegularFile(join(folder, path));
    const hash = createHash('sha256');
    await pipeline(file.createReadStream({ autoClose: false }), hash);
    hashed.push({ path, bytes: (await file.stat()).size, sha256: hash.digest('hex') });
  }
  return hashed;
}
