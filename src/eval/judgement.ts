import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';

/** What one evaluator says about a model. */
export interface Judgement {
  readonly score: Score;
  readonly findings: readonly Finding[];
}

/** There is no value, since the host lacks what measuring needs: no fault of the submission. */
export function unmeasuredScore(evaluator: TaskEvaluator, reason: string): Score {
  return { ...absentScore(evaluator, reason), host_lacks: true };
}

/** There is no value, for a reason; the other evaluators stand. */
export function absentScore({ metric, direction }: TaskEvaluator, reason: string): Score {
  return {
    version: 1,
    metric,
    value: null,
    reason,
    direction,
    n: 0,
    standard_error: null,
    interval_95: null,
    floors: {},
    ceiling: { value: null, reason: 'nothing was measured' },
    paper: null,
  };
}
