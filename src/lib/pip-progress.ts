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
    const name = packageBegun(line);
    if (name !== undefined) {
      this.#name = name;
      this.#seen.add(normalised(name));
      return this.#step(`looking for ${name}`);
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

/** `Processing` stands where the package is a file on this machine. */
function packageBegun(line: string): string | undefined {
  const found =
    /^(?:Collecting|Requirement already satisfied:) ([A-Za-z0-9._-]+)/.exec(line) ??
    /^Processing (?:\S*\/)?([A-Za-z0-9._]+)-\d/.exec(line);
  return found?.[1];
}

/** A package's name as pip compares it. */
export function normalised(name: string): string {
  return name.toLowerCase().replaceAll(/[._-]+/g, '-');
}

function count(packages: number): string {
  return packages === 1 ? '1 package' : `${packages} packages`;
}
