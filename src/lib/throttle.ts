/**
 * Hands on the newest of many values: at most one in `everyMs`, never two at a time, and the last one always. What comes in between
 * is dropped, and so is an error of `write`. Disposing drops what is waiting; nothing is written after that.
 */
export class Throttle<T> implements AsyncDisposable {
  readonly #everyMs: number;
  readonly #write: (value: T) => Promise<void>;
  #waiting: { readonly value: T } | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;
  #isOver = false;

  constructor(everyMs: number, write: (value: T) => Promise<void>) {
    this.#everyMs = everyMs;
    this.#write = write;
  }

  put(value: T): void {
    if (this.#isOver) return;
    this.#waiting = { value };
    this.#next();
  }

  #next(): void {
    if (this.#waiting === undefined || this.#writing !== undefined || this.#timer !== undefined) return;
    const waitMs = this.#lastAt + this.#everyMs - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#writeNow(), waitMs);
    else this.#writeNow();
  }

  #writeNow(): void {
    const waiting = this.#waiting;
    this.#waiting = this.#timer = undefined;
    if (waiting === undefined) return;
    this.#lastAt = performance.now();
    this.#writing = this.#write(waiting.value)
      .catch(() => undefined)
      .finally(() => {
        this.#writing = undefined;
        this.#next();
      });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
    await this.#writing;
  }
}
