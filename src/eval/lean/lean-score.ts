import type { TaskEvaluator } from '../../tasks/task.js';
import { type Judgement, unmeasuredScore } from '../judgement.js';
import { interval95, mean } from '../mean.js';
import type { GenerationRow, LeanRow } from '../rows.js';

/**
 * The share of generated texts that Lean 3 accepts whole. Three numbers are kept apart: Lean ends without an error; and nothing is left out and no axiom added, which
 * is the value; and the reference's statement is stated, word for word.
 */
export function judgeLean(
  evaluator: TaskEvaluator,
  rows: readonly GenerationRow[],
  lean: readonly LeanRow[],
  absent: string | null,
): Judgement {
  if (absent !== null) return { score: unmeasuredScore(evaluator, absent), findings: [] };
  const wanted = new Set(rows.map(({ item }) => item));
  const verdicts = lean.filter(({ item }) => wanted.has(item));
  if (verdicts.length !== rows.length) throw new Error('Lean was not asked about every generated text');
  const share = (is: (row: LeanRow) => boolean) => mean(verdicts.map(row => Number(is(row))));
  const value = share(row => row.is_clean);
  const n = verdicts.length;
  const standardError = n < 2 ? null : Math.sqrt((value * (1 - value)) / (n - 1));
  return {
    score: {
      version: 1,
      metric: evaluator.metric,
      value,
      direction: evaluator.direction,
      unit: 'share of texts',
      n,
      standard_error: standardError,
      interval_95: interval95(value, standardError, [0, 1]),
      floors: { empty: { value: 0, reason: 'no text at all declares nothing' } },
      ceiling: { value: 1 },
      paper: null,
      beside: {
        lean_exits_0: share(row => row.compiles),
        clean: value,
        clean_and_states_the_reference: share(row => row.states_theorem),
        refused_before_lean: share(row => row.verdict === 'refused'),
        stopped_at_a_limit: share(row => row.verdict === 'timeout'),
        different_texts: new Set(rows.map(row => row.prediction)).size / Math.max(1, n),
      },
    },
    findings: [],
  };
}
