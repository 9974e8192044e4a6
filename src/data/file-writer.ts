import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

const CHUNK_CHARS = 1 << 20;
/** Smaller files are compared with their digests whenever they are used, so a power cut cannot go unseen. */
const SYNC_ABOVE_BYTES = 10e6;

/** Writes a new file that nobody may change, in pieces, and knows its size and digest in the end. */
export class FileWriter implements AsyncDisposable {
  readonly #handle: FileHandle;
  readonly #hash = createHash('sha256');
  #waiting: string[] = [];
  #waitingChars = 0;
  #bytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<FileWriter> {
    await mkdir(dirname(path), { recursive: true });
    return new FileWriter(await open(path, 'wx', 0o444));
  }

  async write(text: string): Promise<void> {
    this.#waiting.push(text);
    this.#waitingChars += text.length;
    if (this.#waitingChars >= CHUNK_CHARS) await this.#flush();
  }

  /** What has been written. */
  async finish(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    await this.#flush();
    if (this.#bytes > SYNC_ABOVE_BYTES) await this.#handle.sync();
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #flush(): Promise<void> {
    const chunk = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    await this.#handle.writeFile(chunk);
  }
}
