import { isRight } from './choice-item.js';
import type { ChoiceSuite } from './choice-suite.js';
import { harnessVerdict } from './harness-mean.js';
import { mean } from './mean.js';
import { HARNESS_CATEGORIES, MMLU_CATEGORIES } from './mmlu-categories.js';
import { nestedMean } from './nested-mean.js';
import type { ChoiceRow } from './rows.js';

/** MMLU: the mean of four categories, each the mean of its subjects' accuracies. */
export const MMLU: ChoiceSuite = {
  name: 'mmlu',
  unit: 'share of questions',
  items: 'questions',
  groups: () => MMLU_CATEGORIES,
  chance: 'a question has four options',
  beside: rows => ({
    ...categories(rows),
    accuracy_over_all_questions: mean(rows.map(row => Number(isRight(row)))),
    accuracy_over_all_questions_harness: mean(rows.map(harnessVerdict)),
    paper_five_number_average: fiveNumberAverage(rows),
  }),
};

function categories(rows: readonly ChoiceRow[]): Record<string, number> {
  const verdicts = rows.map(row => ({ subtask: row.subtask, share: Number(isRight(row)) }));
  return nestedMean(verdicts, MMLU_CATEGORIES).groups;
}

/**
 * What the paper printed as MMLU: the mean of the five numbers that the harness prints, one over all questions and one over those of each of its
 * groups, by its own verdicts.
 */
export function fiveNumberAverage(rows: readonly ChoiceRow[]): number {
  const groups = Object.values(HARNESS_CATEGORIES).map(subjects =>
    rows.filter(({ subtask }) => subjects.includes(subtask)),
  );
  return mean([rows, ...groups].map(found => mean(found.map(harnessVerdict))));
}
