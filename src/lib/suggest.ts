import { distance } from 'fastest-levenshtein';
import { quotedName } from './text.js';

/** The known name nearest to a misspelt one, if it is near enough to be what was meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map(candidate => ({ candidate, far: distance(name, candidate) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  return best !== undefined && best.far <= Math.max(2, Math.floor(name.length / 3))
    ? best.candidate
    : undefined;
}

/** `No task named "x". Did you mean "y"? Known: a, b. Use one of them.` */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const guess = nearest(name, known);
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return `No ${kind} named ${quotedName(name, 100)}.${hint} Known: ${known.join(', ')}. Use one of them.`;
}
