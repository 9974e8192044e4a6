import { stripVTControlCharacters } from 'node:util';

/** C0 and C1 control characters except tab and newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Terminal output as a person would read it: colours and cursor movements removed, and of a line that was
 * overwritten with carriage returns (a progress bar) only its last state kept.
 */
export function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .split('\n')
    .map(lastState)
    .join('\n')
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
  if (text.length <= max) return { text, omitted: 0 };
  const half = Math.floor(max / 2);
  const head = text.slice(0, half).toWellFormed();
  const tail = text.slice(text.length - (max - half)).toWellFormed();
  const omitted = text.length - head.length - tail.length;
  return { text: `${head}\n[… ${omitted} characters left out …]\n${tail}`, omitted };
}

/** "1 file", "2 files". */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
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
