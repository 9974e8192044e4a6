import { z } from 'zod';
import { Budget } from '../tasks/task.js';
import { Outcome } from './outcome.js';
import { HandIn, Submission } from './submission.js';

export const RunState = z.enum([
  'created',
  'running',
  'submitted',
  'evaluated',
  'expired',
  'cancelled',
  'failed',
]);
export type RunState = z.infer<typeof RunState>;

/** One attempt at one task by one contestant, as kept in `run.json`. */
export const Run = z.strictObject({
  version: z.literal(1),
  run_id: z.string().regex(/^run_[a-z0-9]{1,40}$/),
  task_id: z.string(),
  task_version: z.number().int(),
  principal: z.string(),
  note: z.string().nullable(),
  state: RunState,
  sandbox: z.enum(['local', 'docker']),
  network: z
    .enum(['none', 'open', 'unrestricted'])
    .describe('what was in force, not what the task asked for'),
  budget: Budget,
  created_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  deadline_at: z.iso.datetime().nullable().describe('moved by every pause'),
  paused_at: z.iso.datetime().nullable().optional().describe('since when the run and its clock stand still'),
  paused_s: z.number().nonnegative().optional().describe('length of the pauses that are over'),
  ended_at: z.iso.datetime().nullable(),
  submitting: HandIn.nullable()
    .optional()
    .describe('written before the sandbox is ended, so that whoever meets the run next can finish it'),
  submission: Submission.nullable(),
  outcome: Outcome.nullable(),
  reason: z.string().nullable().describe('one sentence beside an outcome other than valid'),
});
export type Run = Readonly<z.infer<typeof Run>>;

const LEGAL: Record<RunState, readonly RunState[]> = {
  created: ['running', 'failed', 'cancelled'],
  running: ['submitted', 'evaluated', 'expired', 'cancelled', 'failed'],
  submitted: ['evaluated'],
  evaluated: ['evaluated'],
  expired: [],
  cancelled: [],
  failed: [],
};

/**
 * Whether a run may go from one state to the other. `evaluated` may be evaluated again; what is refused at the deadline is
 * judged by that, without having been `submitted`.
 */
export function isLegalStep(from: RunState, to: RunState): boolean {
  return LEGAL[from].includes(to);
}

/** The state as people are told it: `submitting` while what was handed in is being frozen. */
export function stateNow({ state, submitting }: Run): RunState | 'submitting' {
  return state === 'running' && submitting ? 'submitting' : state;
}

/** Whether the contestant can act no more: also while what it handed in is being frozen. */
export function isOver(run: Run): boolean {
  return (run.state !== 'created' && run.state !== 'running') || Boolean(run.submitting);
}
