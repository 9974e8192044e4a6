import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { SubmissionFile } from '../submission.js';
import { digestOf } from './freeze-submission.js';
import { openRegularFile } from './open-regular-file.js';

/** The digest of a frozen submission as it lies on disk now: the same as when it was handed in, unless someone changed it. */
export async function hashSubmission(folder: string): Promise<string> {
  const files: SubmissionFile[] = [];
  for (const path of (await readdir(folder)).sort()) {
    files.push({ path, ...(await hashFile(join(folder, path))) });
  }
  return digestOf(files);
}

async function hashFile(path: string): Promise<Omit<SubmissionFile, 'path'>> {
  await using file = await openRegularFile(path);
  const hash = createHash('sha256');
  await pipeline(file.createReadStream({ autoClose: false }), hash);
  const { size } = await file.stat();
  return { bytes: size, sha256: hash.digest('hex') };
}
