import { intervalOfMean } from '../lib/interval-of-mean.js';
import type { ResultRow } from './result-row.js';

/**
 * What the runs of one contestant on one task come to, in one metric. The two means stand side by side: neither tells the whole.
 * `failed` runs, and valid ones that this host could not measure, are our fault and count in neither; runs without an outcome are not counted at all.
 */
export interface Average {
  readonly task: string;
  readonly task_version: number;
  readonly contestant: string;
  readonly metric: string | null;
  readonly evaluator_version: string | null;
  readonly note: ResultRow['note'];
  /** Runs with an outcome. */
  readonly runs: number;
  readonly valid: number;
  /** Through our fault, or not measured for want of something on this host. */
  readonly failed: number;
  /** Over all runs but the failed ones, those without a valid score as zero; null where lower is better. */
  readonly mean_failures_zero: number | null;
  readonly mean_valid: number | null;
  /** Of the mean over valid runs, by Student's t; null below two runs. */
  readonly interval_95: readonly [number, number] | null;
  readonly best: number | null;
  /** Mean of what untrained models of the same shapes got on the same rows. */
  readonly floor: number | null;
  readonly ceiling: number | null;
  readonly paper: ResultRow['paper'];
}

/**
 * One line for each task, contestant and way of measuring, in the order in which they first appear: values of another metric, another version of
 * the evaluator or of the task, or on other data are never averaged. A run without a score was measured in no way: it counts in every line
 * of its task and contestant, so that no line looks better than it is.
 */
export function averages(rows: readonly ResultRow[]): Average[] {
  const byContestant = groupBy(rows.filter(hasOutcome), ({ task, task_version, contestant }) => [
    task,
    task_version,
    contestant,
  ]);
  return byContestant.flatMap(group => waysOfMeasuring(group).map(averageOf));
}

/** The rows by how they were measured; those without a score stand in each group, after those with one. */
export function waysOfMeasuring(rows: readonly ResultRow[]): (readonly ResultRow[])[] {
  const scored = rows.filter(({ metric }) => metric !== null);
  const unscored = rows.filter(({ metric }) => metric === null);
  const groups = groupBy(scored, ({ metric, evaluator_version, note }) => [metric, evaluator_version, note]);
  return groups.length === 0 ? [unscored] : groups.map(group => [...group, ...unscored]);
}

/** In the order in which the keys first appear. */
export function groupBy(
  rows: readonly ResultRow[],
  keyOf: (row: ResultRow) => readonly unknown[],
): ResultRow[][] {
  const groups = new Map<string, ResultRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(keyOf(row));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

const OUTCOMES: readonly string[] = ['valid', 'invalid', 'no_submission', 'expired', 'failed'];

function hasOutcome({ outcome }: ResultRow): boolean {
  return OUTCOMES.includes(outcome);
}

/** @param rows those with a score first; all of them measured in the same way. */
function averageOf(rows: readonly ResultRow[]): Average {
  const first = rows[0];
  const scored = rows.filter(row => row.outcome === 'valid' && row.value !== null);
  const values = scored.flatMap(({ value }) => (value === null ? [] : [value]));
  const lowerIsBetter = first?.direction === 'lower_is_better';
  const isOurs = ({ outcome, unmeasured }: ResultRow) =>
    outcome === 'failed' || (outcome === 'valid' && unmeasured);
  const failed = rows.filter(isOurs).length;
  return {
    task: first?.task ?? '',
    task_version: first?.task_version ?? 0,
    contestant: first?.contestant ?? '',
    metric: first?.metric ?? null,
    evaluator_version: first?.evaluator_version ?? null,
    note: first?.note ?? null,
    runs: rows.length,
    valid: rows.filter(row => row.outcome === 'valid' && !isOurs(row)).length,
    failed,
    mean_failures_zero: lowerIsBetter ? null : ratio(sum(values), rows.length - failed),
    mean_valid: mean(values),
    interval_95: intervalOfMean(values),
    best: values.length === 0 ? null : lowerIsBetter ? Math.min(...values) : Math.max(...values),
    floor: mean(scored.flatMap(({ floor }) => floor ?? [])),
    ceiling: scored[0]?.ceiling ?? null,
    paper: scored[0]?.paper ?? null,
  };
}

/** null for no values. */
export function mean(values: readonly number[]): number | null {
  return ratio(sum(values), values.length);
}

function ratio(a: number, b: number): number | null {
  return b === 0 ? null : a / b;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
