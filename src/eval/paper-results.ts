import type { Score } from '../runs/score.js';
import { paperResultOf } from '../tasks/paper-results.js';

/** The paper's numbers for an evaluator of a task; null where it has none. On fewer rows or other tasks nothing is comparable. */
export function paperResult(taskId: string, evaluatorId: string): Score['paper'] {
  const published = paperResultOf(taskId);
  if (published?.evaluator !== evaluatorId) return null;
  return { baseline: published.baseline, runs: { ...published.runs } };
}
