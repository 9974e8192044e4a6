import { InputError } from '../errors.js';
import type { Progress } from '../lib/progress.js';
import type { JudgedRun } from '../report/result-row.js';
import type { Run } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';

/**
 * Runs with their evaluations: those that are named, or all, oldest first. Damaged records are told of and left out.
 * @throws InputError for a run that is not there.
 */
export async function judgedRuns(
  runs: RunStore,
  runIds: readonly string[],
  progress: Progress,
): Promise<JudgedRun[]> {
  const listed = await runs.list();
  if (runIds.length > 0) {
    const ids = listed.map(({ run_id }) => run_id);
    return Promise.all(runIds.map(async id => judged(runs, await runs.read(pickRunId(ids, id)))));
  }
  const found: JudgedRun[] = [];
  for (const entry of listed.reverse()) {
    try {
      if ('damaged' in entry) progress.line(`${entry.run_id} is left out. ${entry.damaged}`);
      else found.push(await judged(runs, entry.run));
    } catch (error) {
      progress.line(`${entry.run_id} is left out. ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

async function judged(runs: RunStore, run: Run): Promise<JudgedRun> {
  return { run, evaluation: await runs.readEvaluation(run.run_id) };
}

/** A run by its id, by the beginning of its id, or `last` for the newest. */
export async function resolveRunId(runs: RunStore, given: string): Promise<string> {
  const listed = await runs.list();
  return pickRunId(
    listed.map(({ run_id }) => run_id),
    given,
  );
}

/** @param ids newest first. */
function pickRunId(ids: readonly string[], given: string): string {
  if (given === 'last') {
    const newest = ids[0];
    if (newest !== undefined) return newest;
    throw new InputError('There are no runs yet. `mlrb demo` makes some.');
  }
  const full = given.startsWith('run_') ? given : `run_${given}`;
  const matching = ids.filter(id => id.startsWith(full));
  if (matching.length > 1 && !matching.includes(full)) {
    throw new InputError(
      `"${given}" is the beginning of ${matching.length} runs. Give more of it: ${matching.join(', ')}.`,
    );
  }
  return matching.includes(full) ? full : (matching[0] ?? given);
}
