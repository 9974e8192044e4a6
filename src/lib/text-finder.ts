import type { TextSpan } from './ngram-index.js';

/** Finds texts that are to be kept apart inside other texts. */
export interface TextFinder {
  /** Where they stand, in order, overlapping places joined. */
  find(text: string): TextSpan[];
}

/** What any of several finders finds. */
export function anyOf(finders: readonly TextFinder[]): TextFinder {
  return { find: text => joined(finders.flatMap(finder => finder.find(text))) };
}

function joined(spans: readonly TextSpan[]): TextSpan[] {
  const found: { start: number; end: number }[] = [];
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    const previous = found.at(-1);
    if (previous !== undefined && start <= previous.end) previous.end = Math.max(previous.end, end);
    else found.push({ start, end });
  }
  return found;
}
