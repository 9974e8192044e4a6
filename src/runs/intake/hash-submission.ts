import { readdir } from 'node:fs/promises';
import { digestOf } from './freeze-submission.js';
import { hashModelFiles } from './hash-model-files.js';

/** The digest of a frozen submission as it lies on disk now: the same as when it was handed in, unless someone changed it. */
export async function hashSubmission(folder: string): Promise<string> {
  const paths = await readdir(folder);
  return digestOf(await hashModelFiles(folder, paths));
}
