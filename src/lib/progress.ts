import type { Ora } from 'ora';

/** Plain output gets a passing step at most this often; a terminal shows every one. */
const PLAIN_EVERY_MS = 5000;

/** Tells a person how long work goes. Writes to standard error, which programs that read our tables do not see. */
export interface Progress {
  /** What is being done now; the next call replaces it. */
  step(text: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the passing step away. */
  clear(): void;
}

/** A spinner on a terminal, plain lines elsewhere. */
export async function createProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  if (!stream.isTTY) return new PlainProgress(stream);
  const { default: ora } = await import('ora');
  return new SpinnerProgress(stream, ora({ stream, discardStdin: false }));
}

class SpinnerProgress implements Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #spinner: Ora;

  constructor(stream: NodeJS.WriteStream, spinner: Ora) {
    this.#stream = stream;
    this.#spinner = spinner;
  }

  step(text: string): void {
    this.#spinner.text = text;
    if (!this.#spinner.isSpinning) this.#spinner.start();
  }

  line(text: string): void {
    const { isSpinning } = this.#spinner;
    this.#spinner.stop();
    this.#stream.write(`${text}\n`);
    if (isSpinning) this.#spinner.start();
  }

  clear(): void {
    this.#spinner.stop();
  }
}

/** Repeats nothing, and leaves out steps that come faster than anyone reads. */
export class PlainProgress implements Progress {
  readonly #stream: { write(text: string): unknown };
  readonly #now: () => number;
  #last = '';
  #at = Number.NEGATIVE_INFINITY;

  constructor(stream: { write(text: string): unknown }, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
  }

  step(text: string): void {
    if (text === this.#last || this.#now() - this.#at < PLAIN_EVERY_MS) return;
    this.#last = text;
    this.#at = this.#now();
    this.#stream.write(`${text}\n`);
  }

  line(text: string): void {
    this.#at = Number.NEGATIVE_INFINITY;
    this.#stream.write(`${text}\n`);
  }

  clear(): void {
    this.#at = Number.NEGATIVE_INFINITY;
  }
}
