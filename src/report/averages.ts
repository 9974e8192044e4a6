import type { ResultRow } from './result-row.js';

/**
 * What the runs of one contestant on one task come to. The two means stand side by side: neither tells the whole.
 * `failed` runs are our fault and count in neither; runs without an outcome are not counted at all.
 */
export interface Average {
  readonly task: string;
  readonly contestant: string;
  readonly metric: string | null;
  /** Runs with an outcome. */
  readonly runs: number;
  readonly valid: number;
  readonly failed: number;
  /** Over all runs but the failed ones, those without a valid score as zero; null where lower is better. */
  readonly mean_failures_zero: number | null;
  readonly mean_valid: number | null;
  /** Of the mean over valid runs, by Student's t; null below two runs. */
  readonly interval_95: readonly [number, number] | null;
  readonly best: number | null;
}

/** One line for each task and contestant, in the order in which they first appear. */
export function averages(rows: readonly ResultRow[]): Average[] {
  const groups = new Map<string, ResultRow[]>();
  for (const row of rows.filter(hasOutcome)) {
    const key = JSON.stringify([row.task, row.contestant]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(averageOf);
}

const OUTCOMES: readonly string[] = ['valid', 'invalid', 'no_submission', 'expired', 'failed'];

function hasOutcome({ outcome }: ResultRow): boolean {
  return OUTCOMES.includes(outcome);
}

function averageOf(rows: readonly ResultRow[]): Average {
  const first = rows[0];
  const scored = rows.filter(row => row.outcome === 'valid' && row.value !== null);
  const values = scored.flatMap(({ value }) => (value === null ? [] : [value]));
  const lowerIsBetter = scored[0]?.direction === 'lower_is_better';
  const failed = rows.filter(({ outcome }) => outcome === 'failed').length;
  return {
    task: first?.task ?? '',
    contestant: first?.contestant ?? '',
    metric: scored[0]?.metric ?? null,
    runs: rows.length,
    valid: rows.filter(({ outcome }) => outcome === 'valid').length,
    failed,
    mean_failures_zero: lowerIsBetter ? null : ratio(sum(values), rows.length - failed),
    mean_valid: ratio(sum(values), values.length),
    interval_95: intervalOfMean(values),
    best: values.length === 0 ? null : lowerIsBetter ? Math.min(...values) : Math.max(...values),
  };
}

function ratio(a: number, b: number): number | null {
  return b === 0 ? null : a / b;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

function intervalOfMean(values: readonly number[]): readonly [number, number] | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = sum(values) / n;
  const variance = sum(values.map(value => (value - mean) ** 2)) / (n - 1);
  const half = (T_95[n - 2] ?? 1.96 + 2.4 / (n - 1)) * Math.sqrt(variance / n);
  return [mean - half, mean + half];
}
