import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LimitError } from '../../errors.js';
import { DEAD_HOLDER_MS } from '../../lib/file-lock.js';
import { isOver, type Run } from '../../runs/run.js';
import { SUBMISSION_FOLDER } from '../../tasks/prompt.js';
import type { Host } from '../tool.js';
import { endSandbox } from './end-sandbox.js';
import { finishHandIn, freezeOrRefuse } from './hand-in.js';
import { sandboxPlace, secondsLeft } from './sandbox-spec.js';

/** By so much may the executor's clock run behind the record's: it begins when the sandbox does. */
const CLOCKS_APART_S = 5;

/**
 * Brings a run to where it should be by now. A hand-in that was cut off is finished. When the time is up, what lies in the submission
 * folder is handed in; with nothing there the run is `expired`. Any process that meets a run may call it; only one acts. While another one
 * is handing in, which takes long for a large model, the run is answered as it is by then: `submitting`.
 */
export async function settleRun(
  run: Run,
  host: Host,
  { trust = 'the wall clock' }: { readonly trust?: 'the wall clock' | 'the sandbox' } = {},
): Promise<Run> {
  if (run.state !== 'running') return run;
  if (!run.submitting && secondsLeft(run) > 0 && trust === 'the wall clock') return run;
  try {
    return await host.runs.withRun(run.run_id, () => settleNow(run.run_id, host), DEAD_HOLDER_MS);
  } catch (error) {
    const now = await host.runs.read(run.run_id);
    if (now.submitting && (await host.runs.isChanging(run.run_id))) return now;
    throw error;
  }
}

async function settleNow(runId: string, host: Host): Promise<Run> {
  const now = await host.runs.read(runId);
  if (now.state !== 'running') return now;
  if (now.submitting) return finishHandIn(now, host);
  // A clock that was set forward or back on this host gives and takes nothing: the executor's counts.
  const left = (await host.backend.timeLeft(sandboxPlace(now, host))) ?? secondsLeft(now);
  if (left > CLOCKS_APART_S) return now;
  await endSandbox(now, host);
  return closeAtDeadline(now, host);
}

async function closeAtDeadline(run: Run, host: Host): Promise<Run> {
  const now = new Date().toISOString();
  if (await hasFiles(join(host.runs.folder(run.run_id).workspace, SUBMISSION_FOLDER))) {
    const folder = { model_path: SUBMISSION_FOLDER, claimed_metric: null, note: null };
    const submitting = { ...folder, accepted_at: now, at_deadline: true };
    return freezeOrRefuse(await host.runs.amend(run.run_id, { submitting }), submitting, host);
  }
  const reason = `The time ran out and ${SUBMISSION_FOLDER}/ in the workspace was empty.`;
  const ended_at = run.deadline_at ?? now;
  return host.runs.step(run.run_id, 'expired', { ended_at, outcome: 'expired', reason });
}

async function hasFiles(folder: string): Promise<boolean> {
  const entry = await lstat(folder).catch(() => undefined);
  return entry?.isDirectory() === true && (await readdir(folder)).length > 0;
}

export interface CancelRun {
  /** One sentence on who ended it and why. */
  readonly reason: string;
}

/** Ends a run without a submission. A run that is over already stays as it is, and what was handed in is handed in. */
export async function cancelRun(runId: string, { reason }: CancelRun, host: Host): Promise<Run> {
  return host.runs.withRun(runId, async () => {
    const run = await host.runs.read(runId);
    if (run.submitting) return finishHandIn(run, host);
    if (isOver(run)) return run;
    await endSandbox(run, host);
    return host.runs.step(runId, 'cancelled', {
      ended_at: new Date().toISOString(),
      outcome: 'no_submission',
      reason,
    });
  });
}

/** The sentence that a call gets when the time is up. */
export function timeIsUp(run: Run): LimitError {
  if (run.state === 'expired') {
    return new LimitError(
      `The time of run ${run.run_id} is up and nothing was handed in. Call start_run to try again.`,
    );
  }
  return new LimitError(
    `The time of run ${run.run_id} is up; what lay in ${SUBMISSION_FOLDER}/ was handed in. Call get_result for its score.`,
  );
}
