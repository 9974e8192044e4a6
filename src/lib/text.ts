import { stripVTControlCharacters } from 'node:util';

/** C0 and C1 control characters except tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Terminal output as a person would read it: colours and cursor movements removed, and of a line that was
 * overwritten with carriage returns (a progress bar) only its last state kept.
 */
export function plainText(text: string): string {
  const lines = stripVTControlCharacters(text).replaceAll('\r\n', '\n');
  return (lines.includes('\r') ? lines.split('\n').map(lastState).join('\n') : lines)
    .replace(CONTROL, '')
    .toWellFormed();
}

function lastState(line: string): string {
  const states = line.split('\r').filter(state => state !== '');
  return states.at(-1) ?? '';
}

export interface Cut {
  readonly text: string;
  /** Characters left out; 0 if the text fitted. */
  readonly omitted: number;
}

/** Keeps head and tail of a text that is longer than `max` characters, and says in between how much is missing. */
export function headAndTail(text: string, max: number): Cut {
  const omitted = text.length <= max ? 0 : Math.max(0, charCount(text) - max);
  if (omitted === 0) return { text: text.toWellFormed(), omitted };
  const head = firstChars(text, Math.floor(max / 2));
  const tail = lastChars(text, max - Math.floor(max / 2));
  return { text: `${head}\n[… ${grouped(omitted)} characters left out …]\n${tail}`, omitted };
}

/** At most the first `max` characters, well formed. A character is a code point everywhere here, so none is split. */
export function firstChars(text: string, max: number): string {
  let end = 0;
  for (let taken = 0; taken < max && end < text.length; taken += 1) end += isPair(text, end) ? 2 : 1;
  return text.slice(0, end).toWellFormed();
}

/** At most the last `max` characters, well formed. */
export function lastChars(text: string, max: number): string {
  let from = text.length;
  for (let taken = 0; taken < max && from > 0; taken += 1) from -= isPair(text, from - 2) ? 2 : 1;
  return text.slice(from).toWellFormed();
}

/** Control characters, line separators, and the quote that would end a name early. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is not shown
const UNSHOWN = /[\u0000-\u001f\u007f-\u009f\u2028\u2029"]/g;

/** A name that others made up, as a sentence may show it: in quotes, on one line, cut, and with U+FFFD for what is not shown. */
export function quotedName(name: string, maxChars: number): string {
  const cut = firstChars(name, maxChars);
  return `"${cut.replace(UNSHOWN, '\ufffd')}${cut.length < name.length ? '…' : ''}"`;
}

/** Number of characters, each half of a broken pair counted as one. */
export function charCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at += isPair(text, at) ? 2 : 1) count += 1;
  return count;
}

/** Whether the two UTF-16 units from `at` on are one character. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}

/** A number as people write it: "202,651". By hand, since the first use of the library costs a start more than ten milliseconds. */
export function grouped(n: number): string {
  const [whole = '', ...fraction] = String(n).split('.');
  return [whole.replaceAll(/\B(?=(\d{3})+$)/g, ','), ...fraction].join('.');
}

/** "1 file", "2,000 files". */
export function count(n: number, noun: string): string {
  return `${grouped(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** A duration as people say it: "45 s", "12 min", "3 h 20 min". */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 120) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 120) return s % 60 === 0 || min >= 10 ? `${min} min` : `${min} min ${s % 60} s`;
  return min % 60 === 0 ? `${min / 60} h` : `${Math.floor(min / 60)} h ${min % 60} min`;
}

/** A size as people say it, in powers of 1,000: "12 B", "3.4 MB". */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
