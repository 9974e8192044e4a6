import type { ChoiceSuite } from './choice-suite.js';
import { harnessMean } from './harness-mean.js';
import { mean } from './mean.js';
import type { ChoiceRow } from './rows.js';

/**
 * SuperGLUE as the paper averages it: the mean over the eight tasks of the accuracy, for ReCoRD of the exact match. This is not the official score,
 * which takes F1 for some. The harness has the answers of MultiRC the wrong way round; here they are right, and its own number stands beside.
 */
export const SUPER_GLUE: ChoiceSuite = {
  name: 'super_glue',
  unit: 'share of items',
  items: 'items',
  groups: subtasks => ({ all: subtasks }),
  chance: 'a guess among the options of each item',
  beside: rows => ({
    multirc_harness: mean(of('multirc', rows).map(({ harness }) => harness.acc ?? 0)),
    record_f1_harness: mean(of('record', rows).map(({ harness }) => harness.f1 ?? 0)),
    mean_harness: harnessMean(rows),
  }),
};

function of(subtask: string, rows: readonly ChoiceRow[]): ChoiceRow[] {
  return rows.filter(row => row.subtask === subtask);
}
