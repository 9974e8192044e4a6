import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { errorCode } from '../../../errors.js';
import { withFileLock } from '../../../lib/file-lock.js';

/** What is known of a kept answer: the first line of its file. The body follows. */
const Head = z.strictObject({
  version: z.literal(1),
  /** Address that answered, after redirects, without keys. */
  url: z.string(),
  status: z.number(),
  content_type: z.string(),
  etag: z.string().nullable(),
  last_modified: z.string().nullable(),
});
export type CacheHead = z.infer<typeof Head>;

/** An answer on disk. */
export interface Kept {
  readonly head: CacheHead;
  /** When its service last said that this is the answer, milliseconds since 1970. */
  readonly checkedAt: number;
  readonly bytes: number;
  /** A file whose first line is ours and whose rest is the body. */
  readonly path: string;
  /** @throws system errors if the file went away meanwhile. */
  read(): Promise<Buffer>;
}

const MAX_HEAD_BYTES = 8192;
/** Answers up to this size are read at once and stay what they were, whatever happens to the file. */
const AT_ONCE_BYTES = 1_000_000;
const TIDY_EVERY = 200;
const LEFT_OVER_MS = 3_600_000;

/** Answers of services, one file each, shared by all processes of a home folder. Losing any of it loses nothing but time. */
export class DiskCache {
  readonly #folder: string;
  readonly #maxBytes: number;
  #writes = 0;

  constructor(folder: string, maxBytes: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
  }

  /** Undefined if nothing is kept under the key, or what is kept is damaged. */
  async find(key: string): Promise<Kept | undefined> {
    try {
      return await readKept(this.#path(key));
    } catch {
      return undefined;
    }
  }

  /**
   * Keeps an answer once its whole body has come and `check` has found nothing wrong with it. Replaces what was kept.
   * @throws what `body`, `through` or `check` throw; nothing is kept then.
   */
  async keep(key: string, head: CacheHead, { body, through = [], check }: KeepOptions): Promise<Kept> {
    const path = this.#path(key);
    const draft = `${path}.${randomBytes(6).toString('hex')}.part`;
    await mkdir(join(path, '..'), { recursive: true });
    try {
      const file = createWriteStream(draft);
      file.write(`${JSON.stringify(head)}\n`);
      await pipeline([body, ...through, file]);
      await check?.(await readKept(draft));
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.#tidyNowAndThen();
    return readKept(path);
  }

  /** The service said that what is kept is still its answer. */
  async confirm(key: string): Promise<void> {
    const now = new Date();
    await utimes(this.#path(key), now, now).catch(() => undefined);
  }

  /**
   * Runs `task` while no other process of this home runs one for the same key. Where the disk takes no lock, or another holds
   * it for longer than `waitMs`, it runs all the same: asking twice is better than not at all.
   */
  async alone<T>(key: string, waitMs: number, task: () => Promise<T>): Promise<T> {
    let begun: Promise<T> | undefined;
    try {
      return await withFileLock(`${this.#path(key)}.lock`, { waitMs }, () => {
        begun = task();
        return begun;
      });
    } catch (error) {
      if (begun === undefined) return task();
      await begun; // its own failure
      throw error;
    }
  }

  #path(key: string): string {
    const digest = createHash('sha256').update(key).digest('hex');
    return join(this.#folder, digest.slice(0, 2), digest.slice(2));
  }

  async #tidyNowAndThen(): Promise<void> {
    this.#writes += 1;
    if (this.#writes % TIDY_EVERY === 1) await this.tidy();
  }

  /** Takes away what was not asked for longest, until all of it is within its size, and what crashes left half written. */
  async tidy(): Promise<void> {
    const files = await listFiles(this.#folder);
    let total = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files.sort((a, b) => a.at - b.at)) {
      const leftOver = file.path.endsWith('.part') && file.at < Date.now() - LEFT_OVER_MS;
      if (!leftOver && total <= this.#maxBytes) continue;
      await rm(file.path, { force: true });
      total -= file.bytes;
    }
  }
}

export interface KeepOptions {
  readonly body: Readable;
  /** What the body goes through on its way to the disk. */
  readonly through?: readonly Transform[];
  /** Throws if the body is not what was asked for. */
  readonly check?: ((kept: Kept) => Promise<void>) | undefined;
}

async function readKept(path: string): Promise<Kept> {
  await using file = await open(path, 'r');
  const { size, mtimeMs } = await file.stat();
  const room = Buffer.alloc(Math.min(size, Math.max(MAX_HEAD_BYTES, AT_ONCE_BYTES)));
  const { bytesRead } = await file.read(room, 0, room.length, 0);
  const end = room.indexOf(0x0a);
  if (end < 0 || bytesRead < room.length) throw new Error('no head');
  const head = Head.parse(JSON.parse(room.toString('utf8', 0, end)));
  const whole = bytesRead === size ? room.subarray(end + 1) : undefined;
  return {
    head,
    checkedAt: mtimeMs,
    bytes: size - end - 1,
    path,
    read: async () => whole ?? (await readFile(path)).subarray(end + 1),
  };
}

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  readonly at: number;
}

async function listFiles(folder: string): Promise<CacheFile[]> {
  const names = await readdir(folder, { recursive: true }).catch(error => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const files = await Promise.all(names.map(name => fileAt(join(folder, name))));
  return files.filter(file => file !== undefined);
}

async function fileAt(path: string): Promise<CacheFile | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() === true ? { path, bytes: found.size, at: found.mtimeMs } : undefined;
}
