import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError, isDiskFull } from '../../errors.js';
import type { SubmissionFile } from '../submission.js';
import { openRegularFile } from './open-regular-file.js';

export interface FrozenSubmission {
  readonly files: readonly SubmissionFile[];
  readonly bytes: number;
  /** SHA-256 over the names and digests of all files. */
  readonly digest: string;
}

const CHUNK_BYTES = 4 << 20;

/**
 * Copies the files of a model folder to a new folder that nothing writes to afterwards, and hashes what was copied. The folder appears
 * under its name only when all of it is there. Links are not followed; the source should have been inspected before.
 * @throws ConfigError if the disk is full; NotARegularFile if the source holds anything but regular files.
 */
export async function freezeSubmission(source: string, target: string): Promise<FrozenSubmission> {
  const partial = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.partial`);
  await removePartials(target);
  try {
    await mkdir(partial, { recursive: true });
    const files = await copyFiles(source, partial);
    await syncFolder(partial);
    await rename(partial, target);
    return { files, bytes: files.reduce((sum, file) => sum + file.bytes, 0), digest: digestOf(files) };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    if (!isDiskFull(error)) throw error;
    throw new ConfigError(
      'The disk is full, so the submission could not be kept yet. Nothing of it is lost: free some space, and call submit_model again.',
      { cause: error },
    );
  }
}

/** What a process that was killed left of its copy; nobody else freezes to the same folder at the same time. */
async function removePartials(target: string): Promise<void> {
  const names = await readdir(dirname(target)).catch(() => []);
  const partials = names.filter(
    name => name.startsWith(`.${basename(target)}.`) && name.endsWith('.partial'),
  );
  for (const name of partials) await rm(join(dirname(target), name), { recursive: true, force: true });
}

async function copyFiles(source: string, target: string): Promise<SubmissionFile[]> {
  const files: SubmissionFile[] = [];
  for (const path of (await readdir(source)).sort()) {
    await using from = await openRegularFile(join(source, path));
    await using to = await open(
      join(target, path),
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
      0o444,
    );
    files.push({ path, ...(await copyAndHash(from, to)) });
  }
  return files;
}

async function copyAndHash(from: FileHandle, to: FileHandle): Promise<Omit<SubmissionFile, 'path'>> {
  const hash = createHash('sha256');
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const { bytesRead } = await from.read(chunk, 0, CHUNK_BYTES, bytes);
    if (bytesRead === 0) break;
    const part = chunk.subarray(0, bytesRead);
    hash.update(part);
    for (let written = 0; written < bytesRead; )
      written += (await to.write(part, written, bytesRead - written, bytes + written)).bytesWritten;
    bytes += bytesRead;
  }
  await to.sync();
  return { bytes, sha256: hash.digest('hex') };
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, constants.O_RDONLY);
  await handle.sync();
}

/** SHA-256 over the sorted names and digests. */
export function digestOf(files: readonly SubmissionFile[]): string {
  const hash = createHash('sha256');
  for (const { path, sha256 } of [...files].sort((a, b) => (a.path < b.path ? -1 : 1)))
    hash.update(`${path}\0${sha256}\n`);
  return hash.digest('hex');
}
