import { InputError } from '../../errors.js';
import { count, firstChars } from '../../lib/text.js';

export interface LinesRange {
  readonly start: number;
  readonly end: number | undefined;
  readonly maxChars: number;
}

export interface LinesPage {
  readonly lines: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly total: number;
  /** Line to go on with; undefined if this is all that was asked for. */
  readonly next: number | undefined;
}

/** The lines that were asked for, as many as fit; a line that does not fit by itself is cut. @throws InputError */
export function pageOfLines(text: string, { start, end, maxChars }: LinesRange): LinesPage {
  const all = text.replace(/\n$/, '').split('\n');
  const first = Math.max(1, start);
  if (end !== undefined && end < first) {
    throw new InputError(
      `end_line ${end} lies before start_line ${first}. Give an end_line of at least ${first}.`,
    );
  }
  if (first > all.length)
    throw new InputError(
      `The file has ${count(all.length, 'line')}, so there is no line ${first}. Give a start_line of at most ${all.length}.`,
    );
  const wanted = all.slice(first - 1, end);
  const lines: string[] = [];
  let room = maxChars;
  for (const line of wanted) {
    if (line.length + 8 > room && lines.length > 0) break;
    lines.push(line.length > room ? `${firstChars(line, Math.max(0, room))}… (cut)` : line);
    room -= line.length + 8;
  }
  const last = first + lines.length - 1;
  return {
    lines,
    start: first,
    end: last,
    total: all.length,
    next: lines.length < wanted.length ? last + 1 : undefined,
  };
}
