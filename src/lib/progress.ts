import type { Ora } from 'ora';

/** Plain output gets a further detail of the same step at most this often; a terminal shows every one. */
const PLAIN_EVERY_MS = 5000;

/** Tells a person how long work goes. Writes to standard error, which programs that read our tables do not see. */
export interface Progress {
  /** What is being done now, and how far it is; the next call replaces it. */
  step(text: string, detail?: string): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the passing step away. */
  clear(): void;
}

/** A spinner on a terminal that says how wide it is, plain lines elsewhere: without a width the spinner would draw without end. */
export async function createProgress(stream: NodeJS.WriteStream): Promise<Progress> {
  if (!stream.isTTY || !(stream.columns > 0)) return new PlainProgress(stream);
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

  step(text: string, detail?: string): void {
    this.#spinner.text = shown(text, detail);
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

/** Shows every step, and of its details no more than anyone reads. */
export class PlainProgress implements Progress {
  readonly #stream: { write(text: string): unknown };
  readonly #now: () => number;
  #last: { readonly text: string; readonly line: string; readonly at: number } | undefined;

  constructor(stream: { write(text: string): unknown }, now: () => number = Date.now) {
    this.#stream = stream;
    this.#now = now;
  }

  step(text: string, detail?: string): void {
    const line = shown(text, detail);
    const last = this.#last;
    if (last?.line === line) return;
    if (last?.text === text && this.#now() - last.at < PLAIN_EVERY_MS) return;
    this.#last = { text, line, at: this.#now() };
    this.#stream.write(`${line}\n`);
  }

  line(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  clear(): void {
    this.#last = undefined;
  }
}

function shown(text: string, detail: string | undefined): string {
  return detail === undefined ? text : `${text}: ${detail}`;
}
