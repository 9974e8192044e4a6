import type { ModelType } from './model-types.js';

/** A number made of what `config.json` says. */
export interface Length {
  /** NaN where the configuration does not say it, or not as a number. */
  readonly value: number;
  /** The keys that it rests on, as they are written in `config.json`. */
  readonly keys: readonly string[];
  /** Whether it is the value of its key, and not computed from it. */
  readonly isPlain: boolean;
}

/** `config.json` as the library reads it: other names of fields are known, and what is left out has its default. */
export class ConfigReader {
  readonly #config: Readonly<Record<string, unknown>>;
  readonly #type: ModelType;

  constructor(config: Readonly<Record<string, unknown>>, type: ModelType) {
    this.#config = config;
    this.#type = type;
  }

  /** A field that is a number. */
  number(field: string): Length {
    const key = this.#keyOf(field);
    const value = this.#valueOf(field);
    return { value: typeof value === 'number' ? value : Number.NaN, keys: [key], isPlain: true };
  }

  /** The same, or what stands in for it where the field is null or not there. */
  numberOr(field: string, fallback: Length): Length {
    return (this.#valueOf(field) ?? null) === null ? fallback : this.number(field);
  }

  /** A field that is true or false; undefined where it is neither. */
  flag(field: string): boolean | undefined {
    const value = this.#valueOf(field);
    return typeof value === 'boolean' ? value : undefined;
  }

  /** A field that is a text; undefined where it is none. */
  text(field: string): string | undefined {
    const value = this.#valueOf(field);
    return typeof value === 'string' ? value : undefined;
  }

  #valueOf(field: string): unknown {
    const key = this.#keyOf(field);
    return Object.hasOwn(this.#config, key) ? this.#config[key] : this.#type.defaults.get(field);
  }

  /** Where both names are there the library takes the other one last. */
  #keyOf(field: string): string {
    for (const [alias, target] of this.#type.aliases) {
      if (target === field && Object.hasOwn(this.#config, alias)) return alias;
    }
    return field;
  }
}

/** A length made of others. */
export function combine(
  lengths: readonly Length[],
  compute: (...values: readonly number[]) => number,
): Length {
  return {
    value: compute(...lengths.map(({ value }) => value)),
    keys: [...new Set(lengths.flatMap(({ keys }) => keys))],
    isPlain: false,
  };
}

export function times(length: Length, factor: number): Length {
  return combine([length], (value = Number.NaN) => value * factor);
}

export function product(one: Length, other: Length): Length {
  return combine([one, other], (a = Number.NaN, b = Number.NaN) => a * b);
}

export function quotient(one: Length, other: Length): Length {
  return combine([one, other], (a = Number.NaN, b = Number.NaN) => a / b);
}
