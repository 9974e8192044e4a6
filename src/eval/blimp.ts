import type { BlimpRow } from './scorer-message.js';

/** Accuracy on BLiMP and what it rests on. */
export interface BlimpAccuracy {
  /** Plain mean of the subtask accuracies. */
  readonly value: number;
  /** Of a mean of subtask means, each over its own rows; null where a subtask has one row. */
  readonly standardError: number | null;
  readonly parts: Readonly<Record<string, number>>;
  readonly n: number;
  /** Share of the pairs whose log-likelihoods are equal. They count as wrong. */
  readonly tieShare: number;
  /** Share of the pairs with a log-likelihood that is not finite. They count as wrong. */
  readonly nonFiniteShare: number;
}

/** The two log-likelihoods of a pair; null where a value is not finite. */
export interface Pair {
  readonly subtask: string;
  readonly good: number | null;
  readonly bad: number | null;
}

/** A pair is right only if both values are finite and the grammatical sentence has the higher one. */
export function isRight({ good, bad }: Pair): boolean {
  return good !== null && bad !== null && good > bad;
}

/** BLiMP's accuracy from the rows: the mean over subtasks of the share of right pairs. */
export function blimpAccuracy(pairs: readonly Pair[]): BlimpAccuracy {
  const subtasks = new Map<string, boolean[]>();
  for (const pair of pairs) {
    const verdicts = subtasks.get(pair.subtask) ?? [];
    verdicts.push(isRight(pair));
    subtasks.set(pair.subtask, verdicts);
  }
  const parts = Object.fromEntries(
    [...subtasks].map(([name, verdicts]) => [name, mean(verdicts.map(Number))]),
  );
  return {
    value: mean(Object.values(parts)),
    standardError: standardErrorOf([...subtasks.values()]),
    parts,
    n: pairs.length,
    tieShare: mean(pairs.map(({ good, bad }) => Number(good !== null && good === bad))),
    nonFiniteShare: mean(pairs.map(({ good, bad }) => Number(good === null || bad === null))),
  };
}

/** The first `rows` pairs of each subtask, in the order in which they stand. */
export function firstRows(rows: readonly BlimpRow[], count: number): BlimpRow[] {
  const seen = new Map<string, number>();
  return rows.filter(({ subtask }) => {
    const before = seen.get(subtask) ?? 0;
    seen.set(subtask, before + 1);
    return before < count;
  });
}

/** The strata are independent, so the variances of their means add up; p(1-p)/(n-1) estimates each. */
function standardErrorOf(strata: readonly (readonly boolean[])[]): number | null {
  if (strata.length === 0 || strata.some(verdicts => verdicts.length < 2)) return null;
  const variances = strata.map(verdicts => {
    const p = mean(verdicts.map(Number));
    return (p * (1 - p)) / (verdicts.length - 1);
  });
  return Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0)) / strata.length;
}

/** 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
