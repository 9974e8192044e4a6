import { countElements } from '../../runs/intake/safetensors.js';
import type { Print } from './fingerprint.js';
import { correlation, sidesOf } from './sample-tensor.js';

/** A matrix of a submission that is one of a known model, more or less. */
export interface Match {
  readonly name: string;
  readonly known: string;
  readonly correlation: number;
  readonly weights: number;
}

export interface Comparison {
  readonly matches: readonly Match[];
  /** Of the submission's matrices that tell. */
  readonly matrices: number;
  /** Of the weights in them, 0 to 1. */
  readonly share: number;
}

/**
 * Eleven times what matrices that have nothing to do with each other correlate by on average. Noise as strong as the weights themselves leaves 0.7.
 */
const SAME = 0.5;

/** Which matrices of a submission come from a known model, whatever they are called there and in whatever order they stand. */
export function comparePrints(submitted: readonly Print[], known: readonly Print[]): Comparison {
  const bySides = groupBySides(known);
  const matches = submitted.flatMap(print => bestMatch(print, bySides.get(sidesKey(print)) ?? []));
  const all = submitted.reduce((sum, { shape }) => sum + countElements(shape), 0);
  const matched = matches.reduce((sum, { weights }) => sum + weights, 0);
  return { matches, matrices: submitted.length, share: all === 0 ? 0 : matched / all };
}

function groupBySides(prints: readonly Print[]): ReadonlyMap<string, Print[]> {
  const groups = new Map<string, Print[]>();
  for (const print of prints) {
    const group = groups.get(sidesKey(print));
    if (group === undefined) groups.set(sidesKey(print), [print]);
    else group.push(print);
  }
  return groups;
}

function sidesKey(print: Print): string {
  const { short, long } = sidesOf(print);
  return `${short}x${long}`;
}

function bestMatch({ name, shape, ranks, turned }: Print, candidates: readonly Print[]): Match[] {
  let best: { name: string; value: number } | undefined;
  for (const candidate of candidates) {
    const straight = correlation(ranks, candidate.ranks);
    const across = turned === undefined ? 0 : correlation(turned, candidate.ranks);
    const value = Math.abs(across) > Math.abs(straight) ? across : straight;
    if (best === undefined || Math.abs(value) > Math.abs(best.value)) best = { name: candidate.name, value };
  }
  if (best === undefined || Math.abs(best.value) < SAME) return [];
  return [{ name, known: best.name, correlation: best.value, weights: countElements(shape) }];
}
