import { realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { broken } from '../../runs/intake/findings.js';
import { freezeSubmission } from '../../runs/intake/freeze-submission.js';
import type { ModelInspection } from '../../runs/intake/inspect-model-folder.js';
import type { Run } from '../../runs/run.js';
import type { RunFolder } from '../../runs/run-folder.js';
import type { Evaluation } from '../../runs/score.js';
import type { HandIn, Submission } from '../../runs/submission.js';
import { findTask } from '../../tasks/tasks.js';
import type { Host } from '../tool.js';
import { endSandbox } from './end-sandbox.js';

/**
 * Ends the run with a model folder that was accepted. That it was is written first: if this process dies, `finishHandIn` goes on.
 * Call it inside `withRun`.
 */
export async function handIn(run: Run, accepted: HandIn, host: Host): Promise<Run> {
  return finishHandIn(await host.runs.amend(run.run_id, { submitting: accepted }), host);
}

/**
 * Does what is left of a hand-in, or nothing where there is none: ends every process, freezes the files, moves the run to
 * `submitted` and starts the evaluation. Call it inside `withRun`.
 * @throws ConfigError if the disk is full; the next call tries again.
 */
export async function finishHandIn(run: Run, host: Host): Promise<Run> {
  if (!run.submitting) return run;
  await endSandbox(run, host);
  return freezeOrRefuse(run, { ...run.submitting, at_deadline: run.submitting.at_deadline ?? false }, host);
}

/**
 * Closes a run with what lies in a folder of its workspace, or with the reasons against it. Nothing may write there any more:
 * what was seen before the processes ended may have changed since.
 */
export async function freezeOrRefuse(
  run: Run,
  wanted: HandIn & Pick<Submission, 'at_deadline'>,
  host: Host,
): Promise<Run> {
  const inspection = await inspectInWorkspace(run, wanted.model_path, host);
  const { accepted_at, ...fields } = wanted;
  const submission: Submission = {
    ...fields,
    submitted_at: accepted_at,
    files: [],
    bytes: inspection.bytes,
    parameters: inspection.parameters,
    digest: '',
  };
  return isBroken(inspection)
    ? closeInvalid(run, submission, inspection, host)
    : closeSubmitted(run, submission, host);
}

async function inspectInWorkspace(run: Run, modelPath: string, host: Host): Promise<ModelInspection> {
  const folder = await folderInWorkspace(host.runs.folder(run.run_id), modelPath);
  if (folder === undefined) return REPLACED;
  const { inspectModelFolder } = await import('../../runs/intake/inspect-model-folder.js'); // large, and needed once a run
  return inspectModelFolder(folder, findTask(host.tasks, run.task_id).task.submission);
}

const REPLACED: ModelInspection = {
  findings: [broken('files', 'The model folder was replaced by a link while it was handed in.')],
  files: [],
  bytes: 0,
  parameters: null,
  architecture: null,
};

/** Path on this host of a folder named relative to the workspace; undefined if links lead elsewhere. */
export async function folderInWorkspace(
  { workspace }: Pick<RunFolder, 'workspace'>,
  modelPath: string,
): Promise<string | undefined> {
  const folder = join(await realpath(workspace), modelPath);
  const real = await realpath(folder).catch(() => folder);
  return real === folder ? folder : undefined;
}

async function closeSubmitted(run: Run, submission: Submission, host: Host): Promise<Run> {
  const where = host.runs.folder(run.run_id);
  await rm(where.submission, { recursive: true, force: true }); // of an attempt that died before it was recorded
  const frozen = await freezeSubmission(join(where.workspace, submission.model_path), where.submission);
  await host.runs.writeEvaluation(run.run_id, emptyEvaluation()); // first: a run that is submitted always has one
  const submitted = await host.runs.step(run.run_id, 'submitted', {
    submission: { ...submission, files: [...frozen.files], bytes: frozen.bytes, digest: frozen.digest },
    submitting: null,
    ended_at: endOf(run, submission),
  });
  await host.startEvaluation(run.run_id);
  return submitted;
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

/** The contestant's time ended at the deadline, whenever someone came to see to it. */
function endOf({ deadline_at }: Run, { at_deadline, submitted_at }: Submission): string {
  return at_deadline ? (deadline_at ?? submitted_at) : submitted_at;
}

/** What breaks the rules of a submission is not copied; the reasons are its evaluation. */
async function closeInvalid(
  run: Run,
  submission: Submission,
  inspection: ModelInspection,
  host: Host,
): Promise<Run> {
  const findings = [...inspection.findings];
  await host.runs.writeEvaluation(run.run_id, {
    ...emptyEvaluation(),
    state: 'done',
    finished_at: new Date().toISOString(),
    progress: { step: 'done', done: 1, total: 1 },
    outcome: 'invalid',
    findings,
  });
  return host.runs.step(run.run_id, 'evaluated', {
    submission,
    submitting: null,
    ended_at: endOf(run, submission),
    outcome: 'invalid',
    reason: findings[0]?.message ?? null,
  });
}

/** Whether anything speaks against handing the folder in. */
export function isBroken(inspection: ModelInspection): boolean {
  return inspection.findings.some(finding => finding.severity === 'broken');
}
