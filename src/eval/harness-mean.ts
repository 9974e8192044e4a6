import { groupBy, mean } from './mean.js';
import type { ChoiceRow } from './rows.js';

/** The harness's own verdict on an item: accuracy, or exact match where it has no accuracy. */
export function harnessVerdict({ harness }: ChoiceRow): number {
  return harness.acc ?? harness.em ?? 0;
}

/** The mean over subtasks of the harness's own verdicts. There a tie and a NaN go to the first option. */
export function harnessMean(rows: readonly ChoiceRow[]): number {
  const subtasks = groupBy(rows, ({ subtask }) => subtask);
  return mean([...subtasks.values()].map(found => mean(found.map(harnessVerdict))));
}
