import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors.js';
import { isFull, orDiskFull } from '../disk-full.js';
import type { Hub, HubCall, HubFile } from './hub.js';
import { unreachable } from './hub-failure.js';

export interface Download extends HubCall {
  readonly hub: Hub;
  /** Address of the hub, for sentences. */
  readonly url: string;
  /** The commit. */
  readonly revision: string;
  /** Takes the files, each by its name. */
  readonly folder: string;
  /** Called with the bytes of the file that are there by now. */
  readonly onBytes: (bytes: number) => void;
}

/** Ends of a connection in a row that brought nothing before the hub counts as unreachable. */
const FRUITLESS = 5;

/**
 * Gets one file, going on where an earlier try was broken off, and compares it with what the hub says of it. What is there and whole stays.
 * @throws ConfigError if the hub cannot be reached, refuses, sends something else, or the disk is full.
 */
export async function downloadFile(file: HubFile, options: Download): Promise<void> {
  const target = join(options.folder, file.path);
  const part = `${target}.part`;
  if (await isWhole(target, file, options.signal)) return;
  await orDiskFull(options.folder, async () => {
    await mkdir(dirname(target), { recursive: true });
    for (let copy = 1; ; copy += 1) {
      await fill(part, file, options);
      if (await isWhole(part, file, options.signal)) break;
      await rm(part, { force: true });
      if (copy === 2) throw wrongContent(file, options);
    }
    await rename(part, target);
  });
}

/** Adds to the part until it is as long as the file, through as many connections as it takes. */
async function fill(part: string, file: HubFile, options: Download): Promise<void> {
  if (file.bytes === 0) return writeFile(part, '');
  let fruitless = 0;
  for (;;) {
    const before = await lengthOf(part);
    if (before > file.bytes) await rm(part);
    if (before === file.bytes) return;
    const reason = await append(part, file, options);
    const after = await lengthOf(part);
    if (after === file.bytes) return;
    fruitless = after > before ? 0 : fruitless + 1;
    if (fruitless >= FRUITLESS) throw unreachable(options.url, reason);
  }
}

/** Answers with why the connection ended early, if it did. */
async function append(part: string, file: HubFile, options: Download): Promise<unknown> {
  const { hub, revision, onBytes } = options;
  let bytes = await lengthOf(part);
  const content = await hub.open({ path: file.path, from: bytes }, revision, options);
  if (content.bytes !== file.bytes) throw wrongContent(file, options);
  const end: { reason?: unknown } = {};
  await using handle = await open(part, 'a');
  try {
    for await (const chunk of untilBroken(content.stream, end, options.signal)) {
      await handle.writeFile(chunk);
      bytes += chunk.length;
      onBytes(bytes);
    }
  } catch (error) {
    if (isFull(error)) await rm(part, { force: true }); // it would only be in the way of making room
    throw error;
  }
  return end.reason;
}

/** Ends where the connection breaks off, and notes why; a sentence of ours is thrown. */
async function* untilBroken(
  stream: AsyncIterable<Uint8Array>,
  end: { reason?: unknown },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const parts = stream[Symbol.asyncIterator]();
  for (;;) {
    const next = await parts.next().catch((error: unknown) => ({ error }));
    signal.throwIfAborted();
    if ('error' in next) {
      if (next.error instanceof ConfigError) throw next.error;
      end.reason = next.error;
      return;
    }
    if (next.done === true) return;
    yield next.value;
  }
}

/** Bytes of a file; 0 where it is not there. */
export async function lengthOf(path: string): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.size ?? 0;
}

async function isWhole(path: string, file: HubFile, signal: AbortSignal): Promise<boolean> {
  const { bytes, sha256, gitOid } = file;
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() !== true || stats.size !== bytes) return false;
  if (sha256 !== undefined) return (await digest(path, createHash('sha256'), signal)) === sha256;
  if (gitOid === undefined) return true;
  return (await digest(path, createHash('sha1').update(`blob ${bytes}\0`), signal)) === gitOid;
}

async function digest(path: string, hash: Hash, signal: AbortSignal): Promise<string> {
  for await (const chunk of createReadStream(path, { signal, highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

function wrongContent({ path }: HubFile, { url, repo }: Download): ConfigError {
  return new ConfigError(
    `What ${url} sends as ${path} of ${repo.name} is not what it says it is: its length or its digest is another. Nothing of it is kept; fetch again later, or from another mirror.`,
  );
}
