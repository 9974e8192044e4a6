/** What pip is at, and how many packages it has got to. */
export interface PipStep {
  readonly text: string;
  readonly packages: number;
}

/** Reads pip's lines, one at a time, and tells where it stands. */
export class PipProgress {
  readonly #seen = new Set<string>();
  #name = '';

  /** The new step, if the line begins one. */
  read(line: string): PipStep | undefined {
    const collected = /^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)/.exec(line)?.[1];
    if (collected !== undefined) {
      this.#name = collected;
      this.#seen.add(collected.toLowerCase().replaceAll(/[._-]+/g, '-'));
      return this.#step(`looking for ${collected}`);
    }
    const size = /^ +(?:Downloading|Using cached) .*\(([0-9.]+ [kMG]?B)\)/.exec(line)?.[1];
    if (size !== undefined) return this.#step(`getting ${this.#name} (${size})`);
    if (/^ +Building wheel|^Building wheels/.test(line))
      return this.#step('building packages that come as source');
    const installed = /^Installing collected packages: (.*)$/.exec(line)?.[1];
    if (installed !== undefined) {
      return this.#step(`unpacking ${count(installed.split(',').length)}, which takes a minute or more`);
    }
    return undefined;
  }

  #step(text: string): PipStep {
    return { text, packages: this.#seen.size };
  }
}

function count(packages: number): string {
  return packages === 1 ? '1 package' : `${packages} packages`;
}
