/** Some rows of a matrix that stand one after another, row by row. */
export interface Block {
  readonly values: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** How a matrix stands for a smaller set of values, in words; null where it does not. */
export type FewValues = string | null;

const MOST_VALUES = 256;
/** A matrix of fewer is too small to tell. */
export const FEWEST_WEIGHTS = 4096;
/** Of the groups that tell anything. A pruned matrix has many that do not: zeros are passed over. */
const SHARE = 0.8;
const FEWEST_GROUPS = 8;
/** Sizes of groups in use, the largest first: whole rows of large matrices, and the blocks that share a scale. */
const GROUPS = [4096, 1024, 128, 64, 32] as const;

/**
 * Whether weights are numbers of few levels written as floating-point numbers: few values in the whole matrix, or in each group along a row or a
 * column, or values in each group that are whole multiples of one step. Trained weights are neither, in bfloat16 either: thousands of values are
 * within their usual range, and the smallest distance of n of them is far below 1/n of the range.
 * @param tiny numbers of a smaller magnitude count as zero.
 */
export function findFewValues(blocks: readonly Block[], tiny: number): FewValues {
  return fewInAll(blocks, tiny) ?? fewInGroups(blocks, tiny);
}

function fewInAll(blocks: readonly Block[], tiny: number): FewValues {
  const seen = new Set<number>();
  let counted = 0;
  for (const { values } of blocks) {
    for (const value of values) {
      if (Math.abs(value) < tiny) continue;
      counted += 1;
      seen.add(value);
      if (seen.size > MOST_VALUES) return null;
    }
  }
  if (counted < FEWEST_WEIGHTS || seen.size < 2 || !isCentred([...seen])) return null;
  return `${seen.size} different values among ${counted.toLocaleString('en')} weights that are not zero`;
}

function fewInGroups(blocks: readonly Block[], tiny: number): FewValues {
  for (const size of GROUPS) {
    for (const along of ['rows', 'columns'] as const) {
      const verdicts = blocks.flatMap(block => judgeGroups(block, { size, along, tiny }));
      const few = verdicts.filter(verdict => verdict !== 'many');
      if (verdicts.length < FEWEST_GROUPS || few.length < SHARE * verdicts.length) continue;
      const steps = few.filter(verdict => verdict === 'steps').length;
      const what =
        steps > few.length / 2
          ? 'are whole multiples of one step'
          : `take at most ${mostValues(size)} values`;
      return `in ${few.length} of ${verdicts.length} groups of ${size} along the ${along} the weights ${what}`;
    }
  }
  return null;
}

interface Grouping {
  readonly size: number;
  readonly along: 'rows' | 'columns';
  readonly tiny: number;
}

type Verdict = 'few' | 'steps' | 'many';

/** Groups looked at in one block, evenly spread. */
const LOOKS = 64;

function judgeGroups(block: Block, { size, along, tiny }: Grouping): Verdict[] {
  const lines = along === 'rows' ? block.rows : block.columns;
  const length = along === 'rows' ? block.columns : block.rows;
  const perLine = Math.floor(length / size);
  const total = lines * perLine;
  const verdicts: Verdict[] = [];
  for (let look = 0; look < Math.min(LOOKS, total); look += 1) {
    const at = Math.floor((look * total) / Math.min(LOOKS, total));
    const values = groupAt(block, { along, line: at % lines, from: Math.floor(at / lines) * size, size });
    const verdict = judgeGroup(
      values.filter(value => Math.abs(value) >= tiny),
      size,
    );
    if (verdict !== null) verdicts.push(verdict);
  }
  return verdicts;
}

interface Place {
  readonly along: 'rows' | 'columns';
  readonly line: number;
  readonly from: number;
  readonly size: number;
}

function groupAt({ values, columns }: Block, { along, line, from, size }: Place): Float64Array {
  if (along === 'rows') return values.subarray(line * columns + from, line * columns + from + size);
  return Float64Array.from({ length: size }, (_, at) => values[(from + at) * columns + line] ?? 0);
}

/** Null where there are too few weights that are not zero, or where all are one. */
function judgeGroup(weights: Float64Array, size: number): Verdict | null {
  if (weights.length < 0.75 * size && weights.length < 48) return null;
  const different = [...new Set(weights)].sort((a, b) => a - b);
  if (different.length < 2 || !isCentred(different)) return null;
  if (different.length <= Math.min(mostValues(size), weights.length / 2)) return 'few';
  return levels(different) <= 2.5 * weights.length ? 'steps' : 'many';
}

function mostValues(size: number): number {
  return size >= 1024 ? MOST_VALUES : 16;
}

/** Steps from the smallest to the largest, of the smallest size that occurs. */
function levels(sorted: readonly number[]): number {
  let step = Number.POSITIVE_INFINITY;
  for (let at = 1; at < sorted.length; at += 1)
    step = Math.min(step, (sorted[at] ?? 0) - (sorted[at - 1] ?? 0));
  return range(sorted) / step;
}

/** Whether values lie around zero. Around another number a type has few values by itself: bfloat16 has 13 from 1 to 1.1. */
function isCentred(values: readonly number[]): boolean {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return range(values) >= largest / 2;
}

function range(values: readonly number[]): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
  return most - least;
}
