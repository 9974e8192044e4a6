import { lstat, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { LimitError } from '../../errors.js';
import { freezeSubmission } from '../../runs/intake/freeze-submission.js';
import { inspectModelFolder, type ModelInspection } from '../../runs/intake/inspect-model-folder.js';
import { isOver, type Run } from '../../runs/run.js';
import type { Evaluation } from '../../runs/score.js';
import type { Submission } from '../../runs/submission.js';
import { SUBMISSION_FOLDER } from '../../tasks/prompt.js';
import { findTask } from '../../tasks/tasks.js';
import type { Host } from '../tool.js';
import { sandboxPlace, secondsLeft } from './sandbox-spec.js';

export interface HandIn {
  /** Absolute path on this host. */
  readonly folder: string;
  readonly claimed_metric: string | null;
  readonly note: string | null;
}

/**
 * Ends the run with a submission: ends every process, freezes the files, moves the run to `submitted` and starts the evaluation.
 * Call it inside `withRun`. If freezing fails the run goes on: nothing is lost, and the contestant can hand in again.
 */
export async function handIn(run: Run, { folder, claimed_metric, note }: HandIn, host: Host): Promise<Run> {
  await host.backend.destroy(sandboxPlace(run, host));
  return freeze(run, { folder, claimed_metric, note, atDeadline: false }, host);
}

async function freeze(
  run: Run,
  request: HandIn & { readonly atDeadline: boolean },
  host: Host,
): Promise<Run> {
  const where = host.runs.folder(run.run_id);
  await rm(where.submission, { recursive: true, force: true }); // of an attempt that died before it was recorded
  const frozen = await freezeSubmission(request.folder, where.submission);
  const inspection = await inspectModelFolder(
    where.submission,
    findTask(host.tasks, run.task_id).task.submission,
  );
  const submission: Submission = {
    submitted_at: new Date().toISOString(),
    at_deadline: request.atDeadline,
    model_path: relative(where.workspace, request.folder) || '.',
    claimed_metric: request.claimed_metric,
    note: request.note,
    files: [...frozen.files],
    bytes: frozen.bytes,
    parameters: inspection.parameters,
    digest: frozen.digest,
  };
  const submitted = await host.runs.step(run.run_id, 'submitted', {
    submission,
    ended_at: submission.submitted_at,
  });
  await requestEvaluation(run.run_id, host);
  return submitted;
}

/** Writes that an evaluation is wanted, then starts it. A server that dies in between leaves the wish on disk. */
export async function requestEvaluation(runId: string, host: Host): Promise<void> {
  await host.runs.writeEvaluation(runId, emptyEvaluation());
  await host.startEvaluation(runId);
}

function emptyEvaluation(): Evaluation {
  return {
    version: 1,
    state: 'queued',
    requested_at: new Date().toISOString(),
    starts: 0,
    progress: { step: 'waiting to start', done: 0, total: 0 },
    findings: [],
    scores: [],
    from_cache: false,
  };
}

/** By so much may the executor's clock run behind the record's: it begins when the sandbox does. */
const CLOCKS_APART_S = 5;

/**
 * Ends a run whose time is up: what lies in the submission folder is handed in; with nothing there the run is `expired`.
 * Any process that meets such a run may call it; only one acts.
 */
export async function settleDeadline(
  run: Run,
  host: Host,
  { trust = 'the wall clock' }: { readonly trust?: 'the wall clock' | 'the sandbox' } = {},
): Promise<Run> {
  if (run.state !== 'running') return run;
  if (secondsLeft(run) > 0 && trust === 'the wall clock') return run;
  return host.runs.withRun(run.run_id, async () => {
    const now = await host.runs.read(run.run_id);
    if (now.state !== 'running') return now;
    // A clock that was set forward or back on this host gives and takes nothing: the executor's counts.
    const left = (await host.backend.timeLeft(sandboxPlace(now, host))) ?? secondsLeft(now);
    if (left > CLOCKS_APART_S) return now;
    await host.backend.destroy(sandboxPlace(now, host));
    return closeAtDeadline(now, host);
  });
}

async function closeAtDeadline(run: Run, host: Host): Promise<Run> {
  const folder = join(host.runs.folder(run.run_id).workspace, SUBMISSION_FOLDER);
  const ended_at = run.deadline_at ?? new Date().toISOString();
  if (!(await hasFiles(folder))) {
    const reason = `The time ran out and ${SUBMISSION_FOLDER}/ in the workspace was empty.`;
    return host.runs.step(run.run_id, 'expired', { ended_at, outcome: 'expired', reason });
  }
  const inspection = await inspectModelFolder(folder, findTask(host.tasks, run.task_id).task.submission);
  if (!isBroken(inspection)) {
    return freeze(run, { folder, claimed_metric: null, note: null, atDeadline: true }, host);
  }
  return closeInvalid(run, inspection, host);
}

/** What breaks the rules of a submission is not copied; the reasons are its evaluation. */
async function closeInvalid(run: Run, inspection: ModelInspection, host: Host): Promise<Run> {
  const at = new Date().toISOString();
  const findings = [...inspection.findings];
  const submission: Submission = {
    submitted_at: at,
    at_deadline: true,
    model_path: SUBMISSION_FOLDER,
    claimed_metric: null,
    note: null,
    files: [],
    bytes: inspection.bytes,
    parameters: inspection.parameters,
    digest: '',
  };
  await host.runs.step(run.run_id, 'submitted', { submission, ended_at: run.deadline_at ?? at });
  await host.runs.writeEvaluation(run.run_id, {
    ...emptyEvaluation(),
    state: 'done',
    finished_at: at,
    progress: { step: 'done', done: 1, total: 1 },
    outcome: 'invalid',
    findings,
  });
  const reason = findings[0]?.message ?? null;
  return host.runs.step(run.run_id, 'evaluated', { outcome: 'invalid', reason });
}

export function isBroken(inspection: ModelInspection): boolean {
  return inspection.findings.some(finding => finding.severity === 'broken');
}

async function hasFiles(folder: string): Promise<boolean> {
  const entry = await lstat(folder).catch(() => undefined);
  return entry?.isDirectory() === true && (await readdir(folder)).length > 0;
}

export interface CancelRun {
  /** One sentence on who ended it and why. */
  readonly reason: string;
}

/** Ends a run without a submission. A run that is over already stays as it is. */
export async function cancelRun(runId: string, { reason }: CancelRun, host: Host): Promise<Run> {
  return host.runs.withRun(runId, async () => {
    const run = await host.runs.read(runId);
    if (isOver(run)) return run;
    await host.backend.destroy(sandboxPlace(run, host));
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
