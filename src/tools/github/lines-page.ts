import { InputError } from '../../errors.js';

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
    throw new InputError(`There are only ${all.length} lines; start_line ${first} lies behind them.`);
  const wanted = all.slice(first - 1, end);
  const lines: string[] = [];
  let room = maxChars;
  for (const line of wanted) {
    if (line.length + 8 > room && lines.length > 0) break;
    lines.push(line.length > room ? `${line.slice(0, Math.max(0, room)).toWellFormed()}… (cut)` : line);
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
