import type { Outcome } from '../runs/outcome.js';
import type { Run } from '../runs/run.js';
import type { Evaluation, Score } from '../runs/score.js';

/** A run with what its evaluation found, if there is one. */
export interface JudgedRun {
  readonly run: Run;
  readonly evaluation: Evaluation | undefined;
}

/** One run as a line of a table. Values in the metric's own unit; null where there is none. */
export interface ResultRow {
  readonly task: string;
  readonly task_version: number;
  readonly contestant: string;
  readonly run_id: string;
  /** The run's state while it has no outcome. */
  readonly outcome: Outcome | Run['state'];
  readonly metric: string | null;
  readonly direction: Score['direction'] | null;
  /** Of what computed the value: equal versions give equal weights equal values. */
  readonly evaluator_version: string | null;
  readonly value: number | null;
  /** There is no value since this host lacks what measuring needs: no fault of the contestant. */
  readonly unmeasured: boolean;
  readonly interval_95: readonly [number, number] | null;
  readonly n: number | null;
  /** What the value says of itself, such as that the data are a sample: values that say different things are not comparable. */
  readonly note: string | null;
  /** Level of an untrained model of the same shape on the same rows. */
  readonly floor: number | null;
  /** What no model can beat. */
  readonly ceiling: number | null;
  /** What the paper published for the same metric of the same task. */
  readonly paper: Score['paper'];
  readonly started_at: string | null;
  readonly claimed: string | null;
  /** Handed in by the clock, not by the contestant. */
  readonly at_deadline: boolean;
  /** From the start of the run to its end. */
  readonly minutes: number | null;
}

/** The lines of a results table: one for each run, with the score that ranks. */
export function resultRow({ run, evaluation }: JudgedRun): ResultRow {
  const score = evaluation?.state === 'done' ? evaluation.scores[0] : undefined;
  const isFailed = run.outcome === null && evaluation?.state === 'failed';
  return {
    task: run.task_id,
    task_version: run.task_version,
    contestant: run.principal,
    run_id: run.run_id,
    outcome: isFailed ? 'failed' : (run.outcome ?? run.state),
    metric: score?.metric ?? null,
    direction: score?.direction ?? null,
    evaluator_version: score === undefined ? null : (evaluation?.provenance?.evaluator_version ?? null),
    value: score?.value ?? null,
    unmeasured: score?.value === null && score.host_lacks === true,
    interval_95: score?.interval_95 ?? null,
    n: score?.n ?? null,
    note: score === undefined || score.value === null ? null : (score.reason ?? null),
    floor: score?.floors.untrained?.value ?? null,
    ceiling: score?.ceiling.value ?? null,
    paper: score?.paper ?? null,
    started_at: run.started_at,
    claimed: run.submission?.claimed_metric ?? null,
    at_deadline: run.submission?.at_deadline ?? false,
    minutes: minutesOf(run),
  };
}

function minutesOf({ started_at, ended_at }: Run): number | null {
  if (started_at === null || ended_at === null) return null;
  return Math.round((Date.parse(ended_at) - Date.parse(started_at)) / 6000) / 10;
}
