import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { duration, grouped } from '../lib/text.js';
import { isOver, type Run, stateNow } from '../runs/run.js';
import type { Evaluation, Score } from '../runs/score.js';
import { findOwnRun, RunIdArgument } from './support/own-run.js';
import { secondsLeft } from './support/sandbox-spec.js';
import { toldReason } from './support/told-reason.js';
import { WaitArgument, waitMs } from './support/wait.js';
import { defineTool, type RunToolContext, type ToolResult } from './tool.js';

const POLL_MS = 250;
/** An evaluation that dies this often is not started again by asking for its result. */
const MAX_STARTS = 3;

const ScoreAnswer = z.object({
  metric: z.string(),
  value: z.number().optional(),
  reason: z.string().optional().describe('why there is no value, or what the value is'),
  direction: z.string(),
  n: z.number(),
  standard_error: z.number().optional(),
  interval_95: z.array(z.number()).optional(),
  floors: z.record(z.string(), z.number()).optional().describe('levels that take no skill, on the same rows'),
  beside: z.record(z.string(), z.number()).optional().describe('the same by another formula'),
});

export const getResult = defineTool({
  name: 'get_result',
  title: 'Get the result',
  group: 'run',
  description:
    'Outcome and scores of the run once there are any; until then how far scoring is. The outcome (valid, invalid, no_submission, expired, failed) stands beside the scores.',
  input: z.strictObject({ run_id: RunIdArgument, wait_s: WaitArgument }),
  output: z.object({
    run_id: z.string(),
    task_id: z.string(),
    state: z.string(),
    outcome: z.string().optional(),
    reason: z.string().optional(),
    evaluation: z
      .object({ state: z.string(), step: z.string(), done: z.number(), total: z.number() })
      .optional(),
    scores: z.array(ScoreAnswer),
    findings: z.array(z.object({ rule: z.string(), severity: z.string(), message: z.string() })),
    next: z.string().optional(),
  }),
  effect: 'reads',
  essential: true,
  needs: 'run',
  async handle({ run_id, wait_s }, context) {
    const run = await findOwnRun(run_id, context);
    if (!isBeingJudged(run)) return answer(run, await readEvaluation(run, context));
    return waitForOutcome(run, waitMs(wait_s, context.limits), context);
  },
});

async function waitForOutcome(run: Run, ms: number, context: RunToolContext): Promise<ToolResult> {
  const until = Date.now() + ms;
  if (run.state === 'submitted') await restartIfDead(run, context);
  for (;;) {
    const now = await context.runs.read(run.run_id);
    const evaluation = await readEvaluation(now, context);
    const settled = !isBeingJudged(now) || !isExpected(evaluation);
    if (settled || Date.now() >= until) return answer(now, evaluation);
    if (evaluation !== undefined) context.progress(progressLine(evaluation));
    await sleep(Math.min(POLL_MS, Math.max(1, until - Date.now())), undefined, { signal: context.signal });
  }
}

/** One that failed, or that the operator stopped, is taken up by the operator alone. */
function isExpected(evaluation: Evaluation | undefined): boolean {
  return evaluation?.state !== 'failed' && evaluation?.state !== 'stopped';
}

function isBeingJudged(run: Run): boolean {
  return ['submitting', 'submitted'].includes(stateNow(run));
}

/** Undefined also where the record is damaged: the evaluation that comes next sets it aside. */
async function readEvaluation({ run_id }: Run, { runs }: RunToolContext): Promise<Evaluation | undefined> {
  try {
    return await runs.readEvaluation(run_id);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** An evaluation whose process was killed is started again: the submission is frozen, so nothing is lost. */
async function restartIfDead(run: Run, context: RunToolContext): Promise<void> {
  const { run_id } = run;
  const evaluation = await readEvaluation(run, context);
  if (!isExpected(evaluation)) return;
  const justAsked =
    evaluation?.state === 'queued' && Date.now() - Date.parse(evaluation.requested_at) < 10_000;
  if (justAsked || (await context.runs.isBeingEvaluated(run_id))) return;
  if (evaluation !== undefined && evaluation.starts >= MAX_STARTS) return giveUp(run_id, evaluation, context);
  context.log.warn({ run: run_id }, 'the evaluation had died and is started again');
  await context.startEvaluation(run_id);
}

async function giveUp(runId: string, evaluation: Evaluation, { runs }: RunToolContext): Promise<void> {
  const reason = `The evaluation was killed ${evaluation.starts} times. \`mlrb evaluate ${runId}\` tries again.`;
  await runs.writeEvaluation(runId, { ...evaluation, state: 'failed', outcome: 'failed', reason });
  await runs.withRun(runId, () => runs.amend(runId, { outcome: 'failed', reason }));
}

function answer(run: Run, evaluation: Evaluation | undefined): ToolResult {
  const next = nextStep(run, evaluation);
  const pending = run.state === 'submitted' && evaluation !== undefined && evaluation.state !== 'failed';
  const scores = pending ? [] : (evaluation?.scores ?? []);
  const findings = pending ? [] : (evaluation?.findings ?? []);
  const outcome = run.outcome ?? (evaluation?.state === 'failed' ? 'failed' : undefined);
  const reason = reasonOf({ ...run, outcome: outcome ?? null }, evaluation);
  return {
    text: [
      headline(run, evaluation, { outcome, reason }),
      ...scores.map(scoreLine),
      ...findings.map(findingLine),
      next,
    ]
      .filter(Boolean)
      .join('\n'),
    data: {
      run_id: run.run_id,
      task_id: run.task_id,
      state: stateNow(run),
      ...(outcome === undefined ? {} : { outcome }),
      ...(reason === null ? {} : { reason }),
      ...(evaluation === undefined
        ? {}
        : { evaluation: { state: evaluation.state, ...evaluation.progress } }),
      scores: scores.map(scoreAnswer),
      findings: findings.map(findingAnswer),
      ...(next === '' ? {} : { next }),
    },
  };
}

function reasonOf(run: Run, evaluation: Evaluation | undefined): string | null {
  if (run.state === 'evaluated' && evaluation === undefined)
    return `The record of its scores is damaged or gone: ask the operator for \`mlrb evaluate ${run.run_id}\`, which scores it anew.`;
  return toldReason(run);
}

interface Told {
  readonly outcome: string | undefined;
  readonly reason: string | null;
}

function headline(run: Run, evaluation: Evaluation | undefined, { outcome, reason }: Told): string {
  if (!isOver(run))
    return `Run ${run.run_id} is on, with ${duration(secondsLeft(run))} left; nothing has been submitted.`;
  if (outcome !== undefined)
    return `Run ${run.run_id} on ${run.task_id}: ${outcome}. ${reason ?? ''}`.trimEnd();
  if (run.submitting) return `What run ${run.run_id} handed in is being copied.`;
  if (evaluation?.state === 'stopped')
    return `Run ${run.run_id} was handed in; the operator stopped its scoring.`;
  return `Run ${run.run_id} is being scored: ${evaluation === undefined ? 'waiting to start' : progressLine(evaluation)}.`;
}

function progressLine({ progress: { step, done, total } }: Evaluation): string {
  return total > 0 ? `${step}, ${grouped(done)} of ${grouped(total)}` : step;
}

function nextStep(run: Run, evaluation: Evaluation | undefined): string {
  if (!isOver(run)) return 'Call submit_model with the folder of your model; scoring follows.';
  if (isBeingJudged(run) && isExpected(evaluation)) return 'Call get_result again; it waits up to wait_s.';
  if (evaluation?.state === 'stopped')
    return 'The submission is kept, and the operator can have it scored at any time. Call start_run to begin another run.';
  if (evaluation?.state === 'failed')
    return 'The fault is not yours; the operator can repeat the evaluation. Call start_run to begin another run.';
  return 'Call start_run to begin another run.';
}

function scoreLine(score: Score): string {
  if (score.value === null) return `${score.metric}: none. ${score.reason ?? ''}`;
  const interval =
    score.interval_95 === null ? '' : `, 95 % interval ${score.interval_95.map(shown).join(' to ')}`;
  const floors = Object.entries(score.floors).flatMap(([name, { value }]) =>
    value === null ? [] : [`${name} ${shown(value)}`],
  );
  const others = Object.entries(score.beside ?? {}).map(([name, value]) => `${name} ${shown(value)}`);
  const levels = floors.length === 0 ? '' : `; floors: ${floors.join(', ')}`;
  const beside = others.length === 0 ? '' : `; beside: ${others.join(', ')}`;
  const reason = score.reason === undefined ? '' : `. ${capitalised(score.reason)}`;
  return `${score.metric}: ${shown(score.value)}${score.unit === undefined ? '' : ` ${score.unit}`} (n ${grouped(score.n)}${interval}${levels}${beside}; ${score.direction.replaceAll('_', ' ')})${reason}`;
}

function capitalised(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function scoreAnswer(score: Score) {
  const floors = Object.entries(score.floors).flatMap(([name, { value }]) =>
    value === null ? [] : [[name, value] as const],
  );
  return {
    metric: score.metric,
    ...(score.value === null ? {} : { value: score.value }),
    ...(score.reason === undefined ? {} : { reason: score.reason }),
    direction: score.direction,
    n: score.n,
    ...(score.standard_error === null ? {} : { standard_error: score.standard_error }),
    ...(score.interval_95 === null ? {} : { interval_95: [...score.interval_95] }),
    ...(floors.length === 0 ? {} : { floors: Object.fromEntries(floors) }),
    ...(score.beside === undefined ? {} : { beside: score.beside }),
  };
}

/** Without the evidence, which may quote what submissions are scored on. */
function findingAnswer({ rule, severity, message }: Evaluation['findings'][number]) {
  return { rule, severity, message };
}

function findingLine({ severity, rule, message }: Evaluation['findings'][number]): string {
  return `${severity === 'broken' ? 'Rule broken' : 'Suspicion'} (${rule}): ${message}`;
}

function shown(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : value.toPrecision(4);
}
