import { rename } from 'node:fs/promises';
import { ConfigError } from '../errors.js';
import type { RunStore } from '../runs/run-store.js';
import type { Evaluation } from '../runs/score.js';

/**
 * The evaluation of a run as it was left. A record that is damaged is kept beside under another name, which `notice` is told
 * in a sentence: it must not keep the run from being evaluated anew. Call it inside `withEvaluation`.
 */
export async function readEvaluationOrSetAside(
  runId: string,
  runs: RunStore,
  notice: (sentence: string) => void,
): Promise<Evaluation | undefined> {
  try {
    return await runs.readEvaluation(runId);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { evaluationRecord } = runs.folder(runId);
    const aside = `${evaluationRecord}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
    await rename(evaluationRecord, aside);
    notice(
      `The record of the evaluation before is damaged. It is kept as ${aside}; the run is evaluated anew.`,
    );
    return undefined;
  }
}
