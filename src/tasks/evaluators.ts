import { grouped } from '../lib/text.js';
import type { TaskEvaluator } from './task.js';

/*
 * The evaluators as tasks name them, each with its words for people. `rows` limits them to the first rows of each subtask.
 */

/** BLiMP: https://github.com/alexwarstadt/blimp, 67 subtasks of 1,000 pairs. */
export function blimp(rows?: number): TaskEvaluator {
  const used = rows ?? 1000;
  return named('blimp', rows, {
    direction: 'higher_is_better',
    description: `accuracy on BLiMP: the share of pairs of sentences in which the model gives the grammatical one the higher log-likelihood, as the mean of the 67 subtasks, on ${rows === undefined ? `all ${grouped(used)} pairs` : firstRows(used, 'pair')} of each (${grouped(67 * used)} pairs). A tie counts as wrong. Higher is better; untrained models lie near 0.5.`,
  });
}

/** SuperGLUE as the paper averages it: https://super.gluebenchmark.com. */
export function superGlue(rows?: number): TaskEvaluator {
  return named('super_glue', rows, {
    direction: 'higher_is_better',
    description: `the mean over the eight tasks of SuperGLUE (BoolQ, CB, COPA, MultiRC, ReCoRD, RTE, WiC, WSC) of the accuracy, for ReCoRD of the exact match, on ${rows === undefined ? 'the whole validation set' : `${firstRows(rows, 'row')} of the validation set`} of each. Higher is better; untrained models lie between 0.4 and 0.5.`,
  });
}

/** MMLU as the paper averages it: https://github.com/hendrycks/test, 57 subjects with 14,042 test questions. */
export function mmlu(rows?: number): TaskEvaluator {
  return named('mmlu', rows, {
    direction: 'higher_is_better',
    description: `accuracy on MMLU: the mean of four categories (STEM, humanities, social sciences, other), each the mean of its subjects' accuracies, on ${rows === undefined ? 'all 14,042 test questions' : `${firstRows(rows, 'test question')} of each`} of the 57 subjects. Higher is better; guessing yields 0.25.`,
  });
}

/** Held-out texts, each a subtask of equal weight. `texts` says in words what they are. */
export function bitsPerByte(data: readonly string[], texts: string): TaskEvaluator {
  return {
    id: 'bits_per_byte',
    data,
    metric: 'bits_per_byte',
    direction: 'lower_is_better',
    description: `bits per byte on ${texts}: how many bits the model needs for a byte of it on average. Lower is better; untrained models lie between 3 and 8, by their tokenizer.`,
  };
}

/** The four numbers of auto-formalisation, from one generation for each held-out row. BLEU ranks. */
export function formalisation(
  data: readonly string[],
  rows?: number,
): readonly [TaskEvaluator, ...TaskEvaluator[]] {
  const on = rows === undefined ? 'the 100 held-out rows' : `${firstRows(rows, 'held-out row')}`;
  const of = (id: string, description: string): TaskEvaluator => ({
    ...named(id, rows, { direction: 'higher_is_better', description }),
    data,
  });
  return [
    of(
      'bleu',
      `corpus BLEU (sacrebleu, 13a tokens, no smoothing, from 0 to 1) of the generated Lean against the formal statement and proof, on ${on}. Higher is better.`,
    ),
    of(
      'rouge_l',
      `ROUGE-L (rouge-score, F1 with stemming, plain mean, from 0 to 1) of the same generations. Higher is better.`,
    ),
    of(
      'lean3',
      'the share of the same generations that Lean 3 accepts, without sorry and without axioms of their own. Absent, with the reason, where the operator has no Lean 3. Higher is better.',
    ),
    of(
      'combined',
      'the mean of the three. Ours: the paper gives no rule for one number. Absent where one of the three is. Higher is better.',
    ),
  ];
}

function named(
  suite: string,
  rows: number | undefined,
  facts: Pick<TaskEvaluator, 'direction' | 'description'>,
): TaskEvaluator {
  const id = rows === undefined ? suite : `${suite}@${rows}`;
  return { id, metric: id, ...facts };
}

function firstRows(rows: number, noun: string): string {
  return rows === 1 ? `the first ${noun}` : `the first ${grouped(rows)} ${noun}s`;
}
