import { appendFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Config } from '../config.js';
import { ConfigError, errorCode, InputError, isKnownError } from '../errors.js';
import { Throttle } from '../lib/throttle.js';
import { hashSubmission } from '../runs/intake/hash-submission.js';
import { NotARegularFile } from '../runs/intake/open-regular-file.js';
import type { Run } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';
import type { Evaluation } from '../runs/score.js';
import type { Submission } from '../runs/submission.js';
import type { TaskEvaluator, TaskFolder } from '../tasks/task.js';
import { findTask } from '../tasks/tasks.js';
import { readEvaluationOrSetAside } from './damaged-evaluation.js';
import { type EvaluationProgress, evaluateModel } from './evaluate-model.js';
import type { LeanAbsence, RunLean } from './lean/run-lean.js';
import type { StartScorer } from './scorer-process.js';

/** Progress reaches the disk at most this often. */
const WRITE_EVERY_MS = 500;

export interface EvaluateRun {
  readonly runs: RunStore;
  readonly tasks: readonly TaskFolder[];
  readonly home: string;
  readonly settings: Omit<Config['evaluation'], 'where'>;
  /** Path of the Python interpreter that has the harness. */
  readonly python: () => Promise<string>;
  /** How the scorer is started; as a process of this host, with `python`, where absent. */
  readonly startScorer?: StartScorer | undefined;
  /** How Lean 3 checks what a model wrote, or why it does not. */
  readonly lean?: RunLean | LeanAbsence | undefined;
  /** Evaluators to use; the task's own where absent. */
  readonly evaluators?: readonly TaskEvaluator[];
  readonly onProgress: (progress: EvaluationProgress) => void;
  /** Takes a sentence for the operator. */
  readonly onNotice: (sentence: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Scores a submitted run, or scores it again, and writes what it found into the run.
 * A fault of ours leaves the run `submitted` with outcome `failed`: it can be evaluated again.
 * @throws InputError if there is nothing to evaluate or another process is at it.
 */
export async function evaluateRun(runId: string, options: EvaluateRun): Promise<Run> {
  try {
    return await options.runs.withEvaluation(runId, () => evaluateLocked(runId, options));
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error;
    throw new InputError(
      `Run ${runId} is being evaluated by another process. \`mlrb show ${runId}\` tells how far it is.`,
      { cause: error },
    );
  }
}

async function evaluateLocked(runId: string, options: EvaluateRun): Promise<Run> {
  const { runs } = options;
  const run = await runs.read(runId);
  const submission = submissionOf(run);
  if (submission.files.length === 0) return run; // it was refused at the deadline, and its reasons are its evaluation
  const before = await readEvaluationOrSetAside(runId, runs, options.onNotice);
  const base: Evaluation = {
    version: 1,
    state: 'running',
    requested_at: before?.requested_at ?? new Date().toISOString(),
    starts: (before?.starts ?? 0) + 1,
    progress: { step: 'starting', done: 0, total: 0 },
    findings: [],
    scores: [],
    from_cache: false,
  };
  const isRepeat = before?.state === 'done' && run.state === 'evaluated';
  if (!isRepeat) await runs.writeEvaluation(runId, base);
  await runs.trace(runId).append({ type: 'evaluation', state: 'running', outcome: null, detail: null });
  try {
    const result = await judge(run, submission, isRepeat ? undefined : base, options);
    return await close(
      run,
      { ...base, ...result, state: 'done', progress: { step: 'done', done: 1, total: 1 } },
      runs,
    );
  } catch (error) {
    if (options.signal.aborted || isRepeat) throw error; // taken up again where someone asks for it; what a repeat was to replace stays
    await fail(run, base, error, runs);
    throw error;
  }
}

function submissionOf(run: Run): Submission {
  if (run.submission !== null) return run.submission;
  const why = run.state === 'running' || run.state === 'created' ? 'is still on' : `is ${run.state}`;
  throw new InputError(
    `Run ${run.run_id} ${why}: nothing has been submitted, so there is nothing to evaluate.`,
  );
}

async function judge(run: Run, submission: Submission, base: Evaluation | undefined, options: EvaluateRun) {
  const { runs, tasks, home, settings, signal } = options;
  const folder = runs.folder(run.run_id);
  if ((await digestOnDisk(folder.submission)) !== submission.digest) {
    throw new ConfigError(
      `The frozen files of run ${run.run_id} are not those that were handed in. Restore ${folder.submission} from a copy, or leave the run out of reports.`,
    );
  }
  const { task } = findTask(tasks, run.task_id);
  await using written = new Throttle<EvaluationProgress>(WRITE_EVERY_MS, async progress => {
    if (base !== undefined) await runs.writeEvaluation(run.run_id, { ...base, progress });
  });
  const result = await evaluateModel({
    task,
    evaluators: options.evaluators ?? task.evaluators,
    modelFolder: folder.submission,
    workspace: folder.workspace,
    python: options.python,
    startScorer: options.startScorer,
    lean: options.lean,
    home,
    outputFolder: folder.evaluation,
    settings,
    onProgress: progress => {
      options.onProgress(progress);
      written.put(progress);
    },
    signal,
  });
  return { ...result, findings: [...result.findings], scores: [...result.scores] };
}

/** Undefined where something that was handed in is gone, or is no file any more. */
async function digestOnDisk(submission: string): Promise<string | undefined> {
  try {
    return await hashSubmission(submission);
  } catch (error) {
    const isChanged =
      error instanceof NotARegularFile || ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error) ?? '');
    if (isChanged) return undefined;
    throw error;
  }
}

async function close(run: Run, evaluation: Evaluation, runs: RunStore): Promise<Run> {
  await runs.writeEvaluation(run.run_id, { ...evaluation, finished_at: new Date().toISOString() });
  const outcome = evaluation.outcome ?? null;
  await runs.trace(run.run_id).append({ type: 'evaluation', state: 'done', outcome, detail: null });
  const broken = evaluation.findings.find(({ severity }) => severity === 'broken');
  return runs.withRun(run.run_id, () =>
    runs.step(run.run_id, 'evaluated', { outcome, reason: broken?.message ?? null }),
  );
}

async function fail(run: Run, base: Evaluation, error: unknown, runs: RunStore): Promise<void> {
  const { evaluationLog } = runs.folder(run.run_id);
  const reason = isKnownError(error)
    ? error.message
    : `The evaluation failed inside mlrb; ${join('evaluation', basename(evaluationLog))} in the run's folder has the details.`;
  await appendFile(evaluationLog, logEntry(error)).catch(() => undefined); // the failure itself must be recorded all the same
  await runs.writeEvaluation(run.run_id, {
    ...base,
    state: 'failed',
    outcome: 'failed',
    reason,
    finished_at: new Date().toISOString(),
  });
  await runs
    .trace(run.run_id)
    .append({ type: 'evaluation', state: 'failed', outcome: 'failed', detail: String(error) });
  await runs.withRun(run.run_id, () => runs.amend(run.run_id, { outcome: 'failed', reason }));
}

function logEntry(error: unknown): string {
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause =
    error instanceof Error && error.cause !== undefined ? `\ncaused by: ${String(error.cause)}` : '';
  return `${new Date().toISOString()} ${details}${cause}\n`;
}
