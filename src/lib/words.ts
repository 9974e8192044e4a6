/** The words of a text as comparisons see them: where they stand, and two 32-bit hashes of each. */
export interface Words {
  readonly count: number;
  /** Offset of the first and after the last UTF-16 unit of each word. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
}

const QUOTE = 0x27;
const CURLY_QUOTE = 0x2019;
const BACKSLASH = 0x5c;
const LETTER_OR_DIGIT = /[\p{L}\p{N}\p{M}]/u;

/**
 * Splits at everything that is no letter or digit; an apostrophe inside a word belongs to it. Case, width and style of
 * letters and quotes make no difference. Escapes of JSON and of program text are no words: `\nThe` holds the word "The".
 */
export function wordsOf(text: string): Words {
  const room = Math.ceil(text.length / 2) + 1;
  const words = {
    starts: new Int32Array(room),
    ends: new Int32Array(room),
    a: new Int32Array(room),
    b: new Int32Array(room),
  };
  let count = 0;
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit === BACKSLASH) {
      at += escapeLength(text, at);
      continue;
    }
    if (!isWordUnit(unit)) {
      at += 1;
      continue;
    }
    const end = wordEnd(text, at);
    const hash = hashWord(text, at, end);
    words.starts[count] = at;
    words.ends[count] = end;
    words.a[count] = hash.a;
    words.b[count] = hash.b;
    count += 1;
    at = end;
  }
  return { count, ...words };
}

function escapeLength(text: string, at: number): number {
  const next = text[at + 1] ?? '';
  if (next === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) return 6;
  return 'nrt'.includes(next) ? 2 : 1;
}

function wordEnd(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length) {
    const unit = text.charCodeAt(end);
    if (isWordUnit(unit)) end += 1;
    else if (isQuote(unit) && isWordUnit(text.charCodeAt(end + 1))) end += 2;
    else break;
  }
  return end;
}

function isQuote(unit: number): boolean {
  return unit === QUOTE || unit === CURLY_QUOTE;
}

function isWordUnit(unit: number): boolean {
  if (unit < 0x80) {
    return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x30 && unit <= 0x39);
  }
  if (unit >= 0xd800 && unit <= 0xdfff) return true; // half of a pair: letters of old scripts, emoji
  return LETTER_OR_DIGIT.test(String.fromCharCode(unit));
}

/** FNV-1a, with two primes. */
function hashWord(text: string, start: number, end: number): { a: number; b: number } {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let at = start; at < end; at += 1) {
    let unit = text.charCodeAt(at);
    if (unit >= 0x80) return hashPlain(plain(text.slice(start, end)));
    if (unit >= 0x41 && unit <= 0x5a) unit += 0x20;
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  return { a, b };
}

function hashPlain(word: string): { a: number; b: number } {
  return hashWord(word, 0, word.length);
}

/** A word in the form in which it is compared, its other letters written as digits of their code. */
function plain(word: string): string {
  const folded = word.normalize('NFKC').toLowerCase().replaceAll('’', "'");
  return folded.replaceAll(/\P{ASCII}/gu, letter => `~${(letter.codePointAt(0) ?? 0).toString(36)}`);
}
