import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { Config } from '../config.js';
import { ConfigError, isDiskFull } from '../errors.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import { sha256 } from '../lib/packed-data.js';
import { whenFree } from '../lib/when-free.js';
import { hashModelFiles } from '../runs/intake/hash-model-files.js';
import { inspectModelFolder, type ModelInspection } from '../runs/intake/inspect-model-folder.js';
import { weightsDigest } from '../runs/intake/weights-digest.js';
import type { Finding, Outcome } from '../runs/outcome.js';
import type { Evaluation, Provenance, Score } from '../runs/score.js';
import type { Task, TaskEvaluator } from '../tasks/task.js';
import { type EvaluationData, prepareEvaluationData } from './evaluation-data.js';
import { parseEvaluator } from './evaluator-name.js';
import { evaluatorVersion } from './evaluator-version.js';
import { judge } from './judge.js';
import { checkScripts } from './lean/check-scripts.js';
import { type LeanAbsence, NO_LEAN, type RunLean } from './lean/run-lean.js';
import { LOG_FILE, ROWS_FILE } from './output-files.js';
import { makeRowsFolder, readRowFiles, removeRowsFolder, rowsLock } from './row-files.js';
import { parseRows } from './rows.js';
import { checkRules } from './rules/check-rules.js';
import { checkPeakMemory, peakMemoryLimit } from './rules/peak-memory.js';
import { runScorer, type ScorerAnswer } from './run-scorer.js';
import { cacheKey, type JudgementWithRows, readCached, writeCached } from './score-cache.js';
import type { StartScorer } from './scorer-process.js';
import { makeScratchFolder, removeScratchFolder } from './scratch-folder.js';

export interface EvaluateModel {
  readonly task: Task;
  /** Taken from the task's evaluators and options. */
  readonly evaluators: readonly TaskEvaluator[];
  /** A frozen submission, or any folder that nobody writes to. It is read only. */
  readonly modelFolder: string;
  /** What the contestant left, for the rules that look there; absent: a bare folder is judged, without a run. */
  readonly workspace?: string | undefined;
  /** Path of the Python interpreter that has the harness. Asked for only when something must be scored. */
  readonly python: () => Promise<string>;
  /** How the scorer is started; as a process of this host, with `python`, where absent. */
  readonly startScorer?: StartScorer | undefined;
  /** How Lean 3 checks what a model wrote, or why it does not; that there is none where absent. */
  readonly lean?: RunLean | LeanAbsence | undefined;
  readonly home: string;
  /** Takes the rows and the scorer's log. */
  readonly outputFolder: string;
  readonly settings: Omit<Config['evaluation'], 'where'>;
  readonly onProgress: (progress: EvaluationProgress) => void;
  readonly signal: AbortSignal;
}

export interface ModelEvaluation {
  readonly outcome: Extract<Outcome, 'valid' | 'invalid'>;
  readonly findings: readonly Finding[];
  readonly scores: readonly Score[];
  /** Absent where the model was refused before anything was started. */
  readonly provenance?: Provenance;
  readonly from_cache: boolean;
}

/** Which step an evaluation is at, and how far. */
export type EvaluationProgress = Evaluation['progress'];

const SCORER = join(PACKAGE_ROOT, 'docker', 'eval');
const SEED = 1234;

/**
 * Judges a model by a task's rules and evaluators. What is wrong with the model is a finding, and the outcome is `invalid` if one of them is broken.
 * The same weights are scored once: the second time no process is started.
 * @throws InputError for an unknown evaluator; ConfigError for what the operator must mend; the signal's reason on abort.
 */
export async function evaluateModel(options: EvaluateModel): Promise<ModelEvaluation> {
  const { task, modelFolder, home, workspace, python, onProgress, signal } = options;
  options.evaluators.map(({ id }) => parseEvaluator(id));
  onProgress({ step: 'checking files', done: 0, total: 1 });
  const inspection = await inspectModelFolder(modelFolder, task.submission);
  if (inspection.findings.length > 0)
    return { outcome: 'invalid', findings: inspection.findings, scores: [], from_cache: false };
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  const subject = { task, modelFolder, files: inspection.files, workspace, place, python, signal };
  const findings = await checkRules(subject);
  if (findings.some(isBroken)) return { outcome: 'invalid', findings, scores: [], from_cache: false };
  const evaluation = await scoreOrRecall(options, inspection);
  return withFindings(evaluation, [...findings, ...checkPeakMemory(task.rules, evaluation.scores)]);
}

function isBroken({ severity }: Finding): boolean {
  return severity === 'broken';
}

/** No number stands beside a broken rule. */
function withFindings(evaluation: ModelEvaluation, more: readonly Finding[]): ModelEvaluation {
  const findings = [...more, ...evaluation.findings];
  if (!findings.some(isBroken)) return { ...evaluation, findings };
  return { ...evaluation, findings, outcome: 'invalid', scores: [] };
}

async function scoreOrRecall(options: EvaluateModel, inspection: ModelInspection): Promise<ModelEvaluation> {
  const { modelFolder, home, onProgress, signal } = options;
  const weights = weightsDigest(
    await hashModelFiles(
      modelFolder,
      inspection.files.map(file => file.path),
    ),
  );
  signal.throwIfAborted();
  onProgress({ step: 'preparing the evaluation data', done: 0, total: 1 });
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  const data = await prepareEvaluationData(options.evaluators, place, signal);
  const version = await evaluatorVersion(SCORER);
  const key = keyOf(options, { weights, version, data: data.digest });
  const cached = await readCached(home, key);
  if (cached !== undefined) return finish(cached, options, true);
  return whenFree(rowsLock(home, key), { signal, onWait: waiting(options) }, async () => {
    const meanwhile = await readCached(home, key);
    if (meanwhile !== undefined) return finish(meanwhile, options, true);
    const judgement = await score(options, { inspection, data, weights, version, key });
    if (isLasting(judgement)) await writeCached(home, key, judgement);
    await removeRowsFolder(home, key);
    return finish(judgement, options, false);
  });
}

/** Another process scores the same weights: what it finds is taken. */
function waiting({ onProgress }: EvaluateModel): (seconds: number) => void {
  return seconds =>
    onProgress({
      step: 'waiting for another evaluation of the same weights',
      done: Math.round(seconds),
      total: 0,
    });
}

interface Digests {
  readonly weights: string;
  readonly version: string;
  readonly data: string;
}

function keyOf({ task, evaluators, settings, lean }: EvaluateModel, digests: Digests): string {
  return cacheKey({
    ...digests,
    task: task.id,
    task_version: task.version,
    limits: task.submission,
    evaluators,
    device: settings.device,
    ...(asksLean(evaluators) ? { lean: leanKey(lean) } : {}),
  });
}

/** Running out of time or memory says as much about the machine and its settings as about the weights. */
function isLasting({ judgement }: JudgementWithRows): boolean {
  return judgement.findings.every(({ rule }) => rule !== 'resources' && rule !== 'peak_memory');
}

interface Prepared {
  readonly inspection: ModelInspection;
  readonly data: EvaluationData;
  readonly weights: string;
  readonly version: string;
  readonly key: string;
}

async function score(options: EvaluateModel, prepared: Prepared): Promise<JudgementWithRows> {
  const { home, outputFolder } = options;
  try {
    await mkdir(outputFolder, { recursive: true });
    const scratch = await makeScratchFolder(home);
    try {
      return await scoreIn(scratch, options, prepared);
    } finally {
      await removeScratchFolder(scratch);
    }
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new ConfigError(`The disk is full below ${home}. Free some space and evaluate again.`, {
      cause: error,
    });
  }
}

async function scoreIn(
  scratch: string,
  options: EvaluateModel,
  prepared: Prepared,
): Promise<JudgementWithRows> {
  const { modelFolder, settings, outputFolder, python, startScorer, onProgress, signal } = options;
  const { inspection, data } = prepared;
  const rowsFolder = await makeRowsFolder(options.home, prepared.key);
  const interpreter = startScorer === undefined ? await python() : '';
  const started = performance.now();
  const answer = await runScorer(
    {
      model_folder: resolve(modelFolder),
      architecture: inspection.architecture ?? 'causal',
      suites: data.suites.map(({ request }) => request),
      text_path: data.textPath,
      scratch,
      rows_folder: rowsFolder,
      device: settings.device,
      memory_bytes: Math.round(settings.memory_gb * 1e9),
      peak_memory_bytes: peakMemoryLimit(options.task.rules),
      seed: SEED,
    },
    {
      signal,
      python: interpreter,
      script: join(SCORER, 'score.py'),
      logPath: join(outputFolder, LOG_FILE),
      timeLimitS: settings.time_limit_min * 60,
      onProgress,
      start: startScorer,
    },
  );
  const isRefused = answer.finding !== undefined;
  const scored = isRefused ? null : await readRowFiles(rowsFolder, data.suites);
  const rows = scored === null ? null : scored + (await leanRows(scored, { scratch, rowsFolder, options }));
  const seconds = (performance.now() - started) / 1000;
  const provenance = provenanceOf(answer, options, { ...prepared, seconds });
  const verdict = rows === null ? findingOnly(answer) : judgeRows(rows, answer, options, prepared);
  return {
    judgement: { version: 1, ...verdict, provenance, rows_sha256: rows === null ? null : sha256(rows) },
    rows,
  };
}

function judgeRows(
  rows: string,
  answer: ScorerAnswer,
  { task, evaluators, lean = NO_LEAN }: EvaluateModel,
  { inspection, data }: Prepared,
) {
  const leanAbsent = typeof lean === 'function' ? null : lean.absent;
  return judge({ taskId: task.id, answer, rows, evaluators, inspection, data, leanAbsent });
}

interface LeanPlace {
  readonly scratch: string;
  readonly rowsFolder: string;
  readonly options: EvaluateModel;
}

/** Lean's verdicts as JSON lines; none where nobody asks for them or there is no Lean. */
async function leanRows(scored: string, { scratch, rowsFolder, options }: LeanPlace): Promise<string> {
  const { lean, evaluators, onProgress, signal } = options;
  if (typeof lean !== 'function' || !asksLean(evaluators)) return '';
  const generated = parseRows(scored).filter(row => row.suite === 'formalisation');
  const verdicts = await checkScripts(generated, { run: lean, scratch, rowsFolder, onProgress, signal });
  return verdicts.map(row => `${JSON.stringify(row)}\n`).join('');
}

function asksLean(evaluators: readonly TaskEvaluator[]): boolean {
  return evaluators.some(({ id }) => ['lean3', 'combined'].includes(parseEvaluator(id).suite));
}

/** With another Lean, or with one where there was none, a text is checked again. */
function leanKey(lean: EvaluateModel['lean']): string {
  return typeof lean === 'function' ? lean.version : 'none';
}

function findingOnly({ finding }: ScorerAnswer): { findings: Finding[]; scores: Score[] } {
  return {
    findings:
      finding === undefined ? [] : [{ rule: finding.rule, severity: 'broken', message: finding.message }],
    scores: [],
  };
}

function provenanceOf(
  { libraries, result }: ScorerAnswer,
  { evaluators, settings }: EvaluateModel,
  prepared: Prepared & { seconds: number },
): Provenance {
  return {
    evaluator: evaluators.map(({ id }) => id).join(' '),
    evaluator_version: prepared.version,
    harness: `lm_eval ${libraries?.versions.harness ?? 'unknown'}`,
    libraries: libraries?.versions.libraries ?? {},
    data_digest: prepared.data.digest,
    weights_digest: prepared.weights,
    device: libraries?.device ?? settings.device,
    dtype: 'float32',
    batch_size: result?.largest_batch ?? 1,
    seconds: prepared.seconds,
  };
}

async function finish(
  { judgement, rows }: JudgementWithRows,
  { outputFolder }: EvaluateModel,
  fromCache: boolean,
): Promise<ModelEvaluation> {
  if (rows !== null) {
    await mkdir(outputFolder, { recursive: true });
    await writeFileAtomic(join(outputFolder, ROWS_FILE), rows);
  }
  const { findings, provenance } = judgement;
  const isInvalid = findings.some(isBroken);
  return {
    outcome: isInvalid ? 'invalid' : 'valid',
    findings,
    scores: isInvalid ? [] : judgement.scores,
    provenance,
    from_cache: fromCache,
  };
}
