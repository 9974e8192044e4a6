import { type Words, wordsOf } from './words.js';

/** A place in a text, from `start` to before `end`, in UTF-16 units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

export interface NgramOptions {
  /** Words of a gram. An item that has fewer is looked for as a whole. */
  readonly n: number;
  /** Items of fewer words are left out: they stand in any text. */
  readonly shortest: number;
}

const DEFAULTS: NgramOptions = { n: 8, shortest: 4 };
/** First number of the bytes; another way of hashing needs another one. */
const FORMAT = 0x6e677232;
const HEADER_NUMBERS = 4;
/** Bits of the filter in front: a position whose first words begin no gram is passed over with one look. */
const FILTER_BITS = 2 ** 22;

/**
 * Finds texts that are to be kept apart, such as the items of an evaluation, inside other texts: by runs of `n` words,
 * whatever the case, the punctuation and the white space between them. Holds hashes, never the texts. That one position
 * of a text meets one of 10^6 grams by chance has a probability of about 10^-10.
 */
export class NgramIndex {
  readonly options: NgramOptions;
  readonly #grams: ReadonlySet<number>;
  readonly #filter: Uint8Array;

  private constructor(options: NgramOptions, grams: ReadonlySet<number>, filter: Uint8Array) {
    this.options = options;
    this.#grams = grams;
    this.#filter = filter;
  }

  static build(items: Iterable<string>, options: NgramOptions = DEFAULTS): NgramIndex {
    const grams = new Set<number>();
    const filter = new Uint8Array(FILTER_BITS / 8);
    for (const item of items) {
      const words = wordsOf(item);
      if (words.count < options.shortest) continue;
      const length = Math.min(options.n, words.count);
      for (let at = 0; at + length <= words.count; at += 1) {
        grams.add(hashRun(words, at, length));
        mark(filter, hashRun(words, at, options.shortest));
      }
    }
    return new NgramIndex(options, grams, filter);
  }

  /** Number of different grams. */
  get size(): number {
    return this.#grams.size;
  }

  /** Where the text repeats an item, in order, overlapping places joined. */
  find(text: string): TextSpan[] {
    const words = wordsOf(text);
    const found: { start: number; end: number }[] = [];
    for (let at = 0; at + this.options.shortest <= words.count; at += 1) {
      const length = this.#longestAt(words, at);
      if (length > 0) join(found, words.starts[at] ?? 0, words.ends[at + length - 1] ?? 0);
    }
    return found;
  }

  /** Number of words of the longest gram that begins at a word; 0 if none does. */
  #longestAt(words: Words, at: number): number {
    const { n, shortest } = this.options;
    if (!isMarked(this.#filter, hashRun(words, at, shortest))) return 0;
    for (let length = Math.min(n, words.count - at); length >= shortest; length -= 1) {
      if (this.#grams.has(hashRun(words, at, length))) return length;
    }
    return 0;
  }

  /** For a file; `fromBytes` reads it. */
  toBytes(): Buffer {
    const numbers = new Float64Array(HEADER_NUMBERS + this.#grams.size);
    numbers.set([FORMAT, this.options.n, this.options.shortest, this.#grams.size]);
    numbers.set(Float64Array.from(this.#grams).sort(), HEADER_NUMBERS);
    return Buffer.concat([Buffer.from(numbers.buffer), this.#filter]);
  }

  /** Undefined if the bytes are not what `toBytes` makes. */
  static fromBytes(bytes: Buffer): NgramIndex | undefined {
    if (bytes.length < HEADER_NUMBERS * 8) return undefined;
    const { buffer } = new Uint8Array(bytes); // a buffer of its own begins where 8-byte numbers may
    const [format, n = 0, shortest = 0, count = 0] = new Float64Array(buffer, 0, HEADER_NUMBERS);
    const gramBytes = (HEADER_NUMBERS + count) * 8;
    if (format !== FORMAT || bytes.length !== gramBytes + FILTER_BITS / 8) return undefined;
    const grams = new Set(new Float64Array(buffer, HEADER_NUMBERS * 8, count));
    return new NgramIndex({ n, shortest }, grams, new Uint8Array(buffer, gramBytes));
  }
}

function join(found: { start: number; end: number }[], start: number, end: number): void {
  const previous = found.at(-1);
  if (previous !== undefined && start <= previous.end) previous.end = Math.max(previous.end, end);
  else found.push({ start, end });
}

/** A run of words as a 53-bit number. */
function hashRun(words: Words, from: number, length: number): number {
  let a = 0x9747b28c ^ length;
  let b = 0x5bd1e995;
  for (let at = from; at < from + length; at += 1) {
    a = Math.imul(a ^ (words.a[at] ?? 0), 0x9e3779b1);
    a ^= a >>> 15;
    b = Math.imul(b ^ (words.b[at] ?? 0), 0xc2b2ae35);
    b ^= b >>> 13;
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}

function mark(filter: Uint8Array, hash: number): void {
  const bit = hash % FILTER_BITS;
  filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7));
}

function isMarked(filter: Uint8Array, hash: number): boolean {
  const bit = hash % FILTER_BITS;
  return ((filter[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0;
}
