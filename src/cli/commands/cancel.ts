import { z } from 'zod';
import { ConfigError, isDiskFull } from '../../errors.js';
import { isOver, type Run } from '../../runs/run.js';
import type { RunStore } from '../../runs/run-store.js';
import { cancelRun } from '../../tools/support/close-run.js';
import { sandboxPlace } from '../../tools/support/sandbox-spec.js';
import type { Host } from '../../tools/tool.js';
import { defineCommand } from '../command.js';
import { composeHost } from '../compose.js';
import { endSandboxOfDamaged } from '../damaged-run.js';
import { stopEvaluationProcess } from '../evaluation-process.js';
import { resolveRunId } from '../judged-runs.js';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'end a run that is on, with everything that it runs; or the scoring of one that was handed in',
  arguments: [['<run>', 'its id, the beginning of it, or `last`']],
  examples: [['mlrb cancel last', 'ends the newest run; its outcome is `no_submission`']],
  input: z.object({ run: z.string() }),
  async run({ run: given }, { config, signal, log, print }) {
    const host = composeHost(config, { signal, log });
    const runId = await resolveRunId(host.runs, given);
    const run = await host.runs.read(runId).catch((error: unknown) => {
      if (error instanceof ConfigError) return error;
      throw error;
    });
    if (run instanceof ConfigError) {
      await Promise.all([endSandboxOfDamaged(runId, host), stopEvaluationProcess(runId, host.runs)]);
      print(`Nothing of run ${runId} runs any more. ${run.message}`);
      return 0;
    }
    const now = await cancelRun(run.run_id, { reason: 'The operator cancelled it.' }, host).catch(
      (error: unknown) => endUnrecorded(run, host, error),
    );
    if (now.state === 'submitted') await stopScoring(run.run_id, host.runs);
    print(whatBecameOf(run, now));
    return 0;
  },
});

/** Whoever asks for the result meanwhile must not start it again. */
async function stopScoring(runId: string, runs: RunStore): Promise<void> {
  await stopEvaluationProcess(runId, runs);
  const evaluation = await runs.readEvaluation(runId).catch(() => undefined); // a damaged one is set aside by the next
  if (evaluation === undefined || !['queued', 'running'].includes(evaluation.state)) return;
  await runs.writeEvaluation(runId, { ...evaluation, state: 'stopped' });
  await stopEvaluationProcess(runId, runs);
}

/** On a full disk nothing can be written down, but everything can be ended. */
async function endUnrecorded(run: Run, host: Host, error: unknown): Promise<never> {
  if (!isDiskFull(error)) throw error;
  await host.backend.destroy(sandboxPlace(run, host)).catch((failure: unknown) => {
    if (!isDiskFull(failure)) throw failure; // the back end's own note of the end
  });
  throw new ConfigError(
    `Nothing of run ${run.run_id} runs any more, but the disk is full, so that it is cancelled could not be recorded. Free some space below the home folder, and run \`mlrb cancel ${run.run_id}\` again.`,
    { cause: error },
  );
}

function whatBecameOf(before: Run, { run_id, state }: Run): string {
  if (state === 'submitted')
    return `Run ${run_id} was handed in, and is not being scored any more. \`mlrb evaluate ${run_id}\` does it.`;
  if (isOver(before)) return `Run ${run_id} is over already (${state}): there is nothing to cancel.`;
  return `Run ${run_id} is cancelled, and nothing of it runs any more.`;
}
