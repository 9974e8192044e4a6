import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';
import {
  type ChoiceItem,
  firstOptionItems,
  guess,
  hasNonFinite,
  isRight,
  isTie,
  perfectItems,
  untrainedItems,
} from './choice-item.js';
import type { ChoiceSuite } from './choice-suite.js';
import type { EvaluatorName } from './evaluator-name.js';
import type { Judgement } from './judgement.js';
import { interval95, mean } from './mean.js';
import { type NestedMean, nestedMean } from './nested-mean.js';
import { type ChoiceRow, firstRows } from './rows.js';

/** From this share on, ties and values that are not finite are worth a word. */
const NOTEWORTHY = 0.01;

/** The score record of a suite with options from the rows that the scorer wrote. */
export function judgeChoices(
  evaluator: TaskEvaluator,
  name: EvaluatorName,
  suite: ChoiceSuite,
  allRows: readonly ChoiceRow[],
): Judgement {
  const rows = firstRows(allRows, name.rows);
  const accuracy = accuracyOf(rows, suite);
  const shares = {
    tie_share: mean(rows.map(row => Number(isTie(row)))),
    non_finite_share: mean(rows.map(row => Number(hasNonFinite(row)))),
  };
  return {
    score: {
      version: 1,
      metric: evaluator.metric,
      value: accuracy.value,
      direction: evaluator.direction,
      unit: suite.unit,
      n: rows.length,
      standard_error: accuracy.standardError,
      interval_95: interval95(accuracy.value, accuracy.standardError, [0, 1]),
      floors: floorsOf(rows, suite),
      ceiling: ceilingOf(rows, suite),
      paper: null,
      parts: accuracy.parts,
      beside: { ...suite.beside(rows), ...shares },
    },
    findings: findingsOf(shares, suite),
  };
}

/** The mean of means of the shares of items that are right. */
export function accuracyOf(items: readonly ChoiceItem[], suite: ChoiceSuite): NestedMean {
  return averaged(items, suite, item => Number(isRight(item)));
}

function averaged(
  items: readonly ChoiceItem[],
  { groups }: ChoiceSuite,
  shareOf: (item: ChoiceItem) => number,
): NestedMean {
  const subtasks = [...new Set(items.map(({ subtask }) => subtask))];
  const verdicts = items.map(item => ({ subtask: item.subtask, share: shareOf(item) }));
  return nestedMean(verdicts, groups(subtasks));
}

function floorsOf(rows: readonly ChoiceRow[], suite: ChoiceSuite): Score['floors'] {
  const untrained = accuracyOf(untrainedItems(rows), suite);
  const interval = interval95(untrained.value, untrained.standardError, [0, 1])
    ?.map(bound => bound.toFixed(4))
    .join(' to ');
  return {
    untrained: {
      value: untrained.value,
      reason: `measured: a model of the same shape and tokenizer with fresh weights, on the same rows${interval === undefined ? '' : `; 95 % interval ${interval}`}`,
    },
    chance: { value: averaged(rows, suite, guess).value, reason: suite.chance },
    always_first_option: firstOptionFloor(rows, suite),
  };
}

function firstOptionFloor(rows: readonly ChoiceRow[], suite: ChoiceSuite) {
  if (suite.noFirstOption !== undefined) return { value: null, reason: suite.noFirstOption };
  return {
    value: accuracyOf(firstOptionItems(rows), suite).value,
    reason: 'the first option of every item, on the same rows',
  };
}

/** Two equal options tie whatever the model, so it cannot be right there. */
function ceilingOf(rows: readonly ChoiceRow[], suite: ChoiceSuite): Score['ceiling'] {
  const same = rows.filter(row => row.is_same === true).length;
  if (same === 0) return { value: 1 };
  return {
    value: accuracyOf(perfectItems(rows), suite).value,
    reason: `${same} of the ${suite.items} hold the same sentence twice, so no model can be right there`,
  };
}

interface Shares {
  readonly tie_share: number;
  readonly non_finite_share: number;
}

function findingsOf({ tie_share, non_finite_share }: Shares, { items }: ChoiceSuite): Finding[] {
  if (non_finite_share === 1) {
    const message =
      'Every log-likelihood is not finite (NaN or infinity). Hand in a model whose training did not diverge.';
    return [{ rule: 'loads', severity: 'broken', message }];
  }
  return [
    ...suspicion(
      tie_share,
      `of the ${items} tie: the model gives a right and a wrong option the same log-likelihood. They count as wrong.`,
    ),
    ...suspicion(
      non_finite_share,
      `of the ${items} have a log-likelihood that is not finite. They count as wrong.`,
    ),
  ];
}

function suspicion(share: number, words: string): Finding[] {
  if (share < NOTEWORTHY) return [];
  return [{ rule: 'loads', severity: 'suspicion', message: `${(100 * share).toFixed(1)} % ${words}` }];
}
