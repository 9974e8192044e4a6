import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';
import { type BlimpAccuracy, blimpAccuracy, firstRows, mean } from './blimp.js';
import type { EvaluatorName } from './evaluator-name.js';
import type { BlimpRow } from './scorer-message.js';

/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.96;
/** From this share on, ties and values that are not finite are worth a word. */
const NOTEWORTHY = 0.01;

export interface BlimpJudgement {
  readonly score: Score;
  readonly findings: readonly Finding[];
}

/** The score record of BLiMP from the rows that the scorer wrote. */
export function judgeBlimp(
  evaluator: TaskEvaluator,
  name: EvaluatorName,
  allRows: readonly BlimpRow[],
): BlimpJudgement {
  const rows = firstRows(allRows, name.rows);
  const accuracy = blimpAccuracy(rows);
  return {
    score: {
      ...baseScore(evaluator, accuracy),
      floors: floorsOf(rows),
      ceiling: ceilingOf(rows),
      beside: besideOf(rows, accuracy),
    },
    findings: findingsOf(accuracy),
  };
}

function baseScore(
  evaluator: TaskEvaluator,
  accuracy: BlimpAccuracy,
): Omit<Score, 'floors' | 'ceiling' | 'beside'> {
  return {
    version: 1,
    metric: evaluator.metric,
    value: accuracy.value,
    direction: evaluator.direction,
    unit: 'share of pairs',
    n: accuracy.n,
    standard_error: accuracy.standardError,
    interval_95: intervalOf(accuracy),
    paper: null,
    parts: accuracy.parts,
  };
}

function intervalOf({ value, standardError }: BlimpAccuracy): [number, number] | null {
  if (standardError === null) return null;
  return [Math.max(0, value - Z_95 * standardError), Math.min(1, value + Z_95 * standardError)];
}

function floorsOf(rows: readonly BlimpRow[]): Score['floors'] {
  const untrained = blimpAccuracy(
    rows.map(row => ({ subtask: row.subtask, good: row.untrained_good, bad: row.untrained_bad })),
  );
  const interval = intervalOf(untrained)
    ?.map(bound => bound.toFixed(4))
    .join(' to ');
  return {
    untrained: {
      value: untrained.value,
      reason: `measured: a model of the same shape and tokenizer with fresh weights, on the same rows${interval === undefined ? '' : `; 95 % interval ${interval}`}`,
    },
    chance: { value: 0.5, reason: 'a pair has two sentences' },
    always_first_option: {
      value: null,
      reason:
        'there is none here: the grammatical sentence stands first in every pair, so the first option is the right answer',
    },
  };
}

/** A pair of two equal sentences ties whatever the model, so it cannot be right. */
function ceilingOf(rows: readonly BlimpRow[]): Score['ceiling'] {
  const same = rows.filter(row => row.is_same).length;
  const best = blimpAccuracy(rows.map(row => ({ subtask: row.subtask, good: 1, bad: row.is_same ? 1 : 0 })));
  if (same === 0) return { value: 1 };
  return {
    value: best.value,
    reason: `${same} of the pairs hold the same sentence twice, so no model can be right there`,
  };
}

function besideOf(
  rows: readonly BlimpRow[],
  { tieShare, nonFiniteShare }: BlimpAccuracy,
): Record<string, number> {
  return { harness_acc: harnessAccuracy(rows), tie_share: tieShare, non_finite_share: nonFiniteShare };
}

/** The harness's own number over the same rows: there a tie and a NaN go to the first sentence, which is the grammatical one. */
export function harnessAccuracy(rows: readonly BlimpRow[]): number {
  const subtasks = new Map<string, number[]>();
  for (const { subtask, harness_acc } of rows)
    subtasks.set(subtask, [...(subtasks.get(subtask) ?? []), harness_acc]);
  return mean([...subtasks.values()].map(mean));
}

function findingsOf({ tieShare, nonFiniteShare }: BlimpAccuracy): Finding[] {
  if (nonFiniteShare === 1) {
    const message =
      'Every log-likelihood is not finite (NaN or infinity). Hand in a model whose training did not diverge.';
    return [{ rule: 'loads', severity: 'broken', message }];
  }
  return [
    ...suspicion(
      tieShare,
      'of the pairs tie: the model gives both sentences the same log-likelihood. They count as wrong.',
    ),
    ...suspicion(
      nonFiniteShare,
      'of the pairs have a log-likelihood that is not finite. They count as wrong.',
    ),
  ];
}

function suspicion(share: number, words: string): Finding[] {
  if (share < NOTEWORTHY) return [];
  return [{ rule: 'loads', severity: 'suspicion', message: `${(100 * share).toFixed(1)} % ${words}` }];
}
