import type { FileHandle } from 'node:fs/promises';
import { countElements, type Tensor } from '../../runs/intake/safetensors.js';
import { isFloat, readValues } from './tensor-values.js';

/** Weights looked at of each matrix. Of two matrices that have nothing to do with each other, so many correlate by 0.044 on average. */
export const SAMPLES = 512;
const FEWEST_WEIGHTS = 1024;
/** A matrix of fewer bytes is read whole. */
const READ_WHOLE = 1_000_000;

/** The places of a sample count from the shorter side, so that a matrix and its transpose have the same ones. */
export interface Sides {
  readonly short: number;
  readonly long: number;
}

/** Whether a tensor is a matrix of enough weights to be told from another one. */
export function isTelling({ dtype, shape }: Tensor): boolean {
  return isFloat(dtype) && shape.length >= 2 && countElements(shape) >= FEWEST_WEIGHTS;
}

/** Sides of a tensor as a matrix: its last dimension, and all others. */
export function sidesOf({ shape }: Pick<Tensor, 'shape'>): Sides {
  const { rows, columns } = matrixOf(shape);
  return { short: Math.min(rows, columns), long: Math.max(rows, columns) };
}

function matrixOf(shape: readonly number[]): { rows: number; columns: number } {
  const columns = shape.at(-1) ?? 1;
  return { rows: countElements(shape) / columns, columns };
}

/**
 * Ranks of some weights among one another (twice the mean rank, so that they are whole numbers), at places that depend on the sides alone. Scaling changes
 * no rank, noise and rounding change them a little, and one weight far from the others counts no more than any.
 * @param isTurned take the places of the transpose, which only differ in a square.
 */
export async function sampleRanks(
  handle: FileHandle,
  tensor: Tensor,
  isTurned = false,
): Promise<Uint16Array> {
  const { rows, columns } = matrixOf(tensor.shape);
  const isUpright = isTurned ? rows < columns : rows <= columns;
  const at = places(sidesOf(tensor)).map(([short, long]) =>
    isUpright ? short * columns + long : long * columns + short,
  );
  return ranksOf(await valuesAt(handle, tensor, at));
}

/** Pairs of a place along the short side and one along the long side. */
function places({ short, long }: Sides): [number, number][] {
  const next = randomNumbers(short * 65_537 + long);
  return Array.from({ length: SAMPLES }, () => [Math.floor(next() * short), Math.floor(next() * long)]);
}

/** Mulberry32: the same numbers below 1 for the same seed, on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function valuesAt(handle: FileHandle, tensor: Tensor, at: readonly number[]): Promise<number[]> {
  if (tensor.end - tensor.begin <= READ_WHOLE) {
    const all = await readValues(handle, tensor, 0, countElements(tensor.shape));
    return at.map(place => all[place] ?? 0);
  }
  return Promise.all(at.map(async place => (await readValues(handle, tensor, place, 1))[0] ?? 0));
}

function ranksOf(values: readonly number[]): Uint16Array {
  const sorted = [...values].sort((a, b) => a - b);
  const ranks = new Map<number, number>();
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to + 1 < sorted.length && sorted[to + 1] === sorted[from]) to += 1;
    ranks.set(sorted[from] ?? 0, from + to);
    from = to + 1;
  }
  return Uint16Array.from(values, value => ranks.get(value) ?? 0);
}

/** Correlation of two samples of ranks, -1 to 1; 0 where one is constant. */
export function correlation(a: Uint16Array, b: Uint16Array): number {
  const middle = SAMPLES - 1; // the mean of twice the ranks, ties or not
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < SAMPLES; at += 1) {
    const x = (a[at] ?? 0) - middle;
    const y = (b[at] ?? 0) - middle;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
