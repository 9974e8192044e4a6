import { groupBy, mean, sum } from './mean.js';

/** A verdict on one item: a share between 0 and 1. */
export interface Verdict {
  readonly subtask: string;
  readonly share: number;
}

/** A mean of means and what it rests on. */
export interface NestedMean {
  readonly value: number;
  /** Of independent subtasks, each over its own items; null where a subtask has one item or none. */
  readonly standardError: number | null;
  /** By subtask. */
  readonly parts: Readonly<Record<string, number>>;
  /** By group. */
  readonly groups: Readonly<Record<string, number>>;
}

/** Names of groups with those of their subtasks. */
export type Groups = Readonly<Record<string, readonly string[]>>;

/** The mean over groups, each the mean over its subtasks, each the mean over its items. A subtask that has no items counts nowhere. */
export function nestedMean(verdicts: readonly Verdict[], groups: Groups): NestedMean {
  const bySubtask = groupBy(verdicts, ({ subtask }) => subtask);
  const parts = new Map([...bySubtask].map(([name, found]) => [name, mean(found.map(({ share }) => share))]));
  const present = Object.entries(groups)
    .map(([name, subtasks]) => [name, subtasks.filter(subtask => parts.has(subtask))] as const)
    .filter(([, subtasks]) => subtasks.length > 0);
  const means = present.map(
    ([name, subtasks]) => [name, mean(subtasks.map(subtask => parts.get(subtask) ?? 0))] as const,
  );
  const terms = present.flatMap(([, subtasks]) =>
    subtasks.map(subtask => ({
      weight: 1 / (present.length * subtasks.length),
      shares: (bySubtask.get(subtask) ?? []).map(({ share }) => share),
    })),
  );
  return {
    value: mean(means.map(([, value]) => value)),
    standardError: standardErrorOf(terms),
    parts: Object.fromEntries(parts),
    groups: Object.fromEntries(means),
  };
}

interface Term {
  readonly weight: number;
  readonly shares: readonly number[];
}

/** The subtasks are independent, so the variances of their means add up. */
function standardErrorOf(terms: readonly Term[]): number | null {
  if (terms.length === 0 || terms.some(({ shares }) => shares.length < 2)) return null;
  return Math.sqrt(sum(terms.map(({ weight, shares }) => weight ** 2 * varianceOfMean(shares))));
}

function varianceOfMean(shares: readonly number[]): number {
  const middle = mean(shares);
  return sum(shares.map(share => (share - middle) ** 2)) / (shares.length - 1) / shares.length;
}
