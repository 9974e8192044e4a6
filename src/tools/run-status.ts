import { z } from 'zod';
import { duration, size } from '../lib/text.js';
import { isOver, type Run, stateNow } from '../runs/run.js';
import type { SandboxUsage } from '../sandbox/sandbox.js';
import { findOwnRun, RunIdArgument } from './support/own-run.js';
import { sandboxSpec, secondsLeft, secondsUsed } from './support/sandbox-spec.js';
import { toldReason } from './support/told-reason.js';
import { defineTool } from './tool.js';

const Submitted = z.object({
  submitted_at: z.string(),
  at_deadline: z.boolean(),
  model_path: z.string(),
  size_bytes: z.number(),
  parameters: z.number().optional(),
});

export const runStatus = defineTool({
  name: 'run_status',
  title: 'Status of the run',
  group: 'run',
  description:
    'Where the run stands: task, state, time used and left, running jobs, disk, GPUs, what has been submitted.',
  input: z.strictObject({ run_id: RunIdArgument }),
  output: z.object({
    run_id: z.string(),
    task_id: z.string(),
    state: z.string(),
    workspace: z.string(),
    data: z.string(),
    time_used_s: z.number(),
    deadline_at: z.string().optional(),
    disk_bytes: z.number().optional(),
    disk_limit_bytes: z.number().optional(),
    gpus: z.number(),
    outcome: z.string().optional(),
    reason: z.string().optional(),
    submission: Submitted.optional(),
    next: z.string(),
  }),
  effect: 'reads',
  essential: true,
  needs: 'run',
  async handle({ run_id }, context) {
    const run = await findOwnRun(run_id, context);
    const paths = context.backend.pathsFor(await sandboxSpec(run, context));
    const usage = isOver(run) ? undefined : await context.usage();
    const next = nextStep(run, usage);
    const reason = toldReason(run);
    const data = {
      run_id: run.run_id,
      task_id: run.task_id,
      state: stateNow(run),
      workspace: paths.workspace,
      data: paths.data,
      time_used_s: Math.round(
        usage === undefined ? secondsUsed(run) : secondsGiven(run) - usage.seconds_left,
      ),
      ...(run.deadline_at === null ? {} : { deadline_at: run.deadline_at }),
      ...(usage === undefined
        ? {}
        : { disk_bytes: usage.disk_bytes, disk_limit_bytes: usage.disk_limit_bytes }),
      gpus: run.budget.gpus,
      ...(run.outcome === null ? {} : { outcome: run.outcome }),
      ...(reason === null ? {} : { reason }),
      ...(run.submission === null ? {} : { submission: submitted(run.submission) }),
      next,
    };
    const text = [
      `Run ${run.run_id} on ${run.task_id} is ${stateNow(run)}${run.outcome === null ? '' : `, outcome ${run.outcome}`}. ${reason ?? ''}`.trimEnd(),
      `Time used: ${duration(data.time_used_s)}${isOver(run) ? '' : `, left: ${duration(usage?.seconds_left ?? secondsLeft(run))}`}.`,
      ...(usage === undefined
        ? []
        : [`Disk: ${size(usage.disk_bytes)} of ${size(usage.disk_limit_bytes)}. GPUs: ${run.budget.gpus}.`]),
      ...(run.submission === null
        ? []
        : [
            `Submitted: ${run.submission.model_path}, ${size(run.submission.bytes)}, ${run.submission.submitted_at}${run.submission.at_deadline ? ', by the clock' : ''}.`,
          ]),
      `Workspace: ${paths.workspace}\nData (read-only): ${paths.data}`,
      next,
    ];
    return { text: text.join('\n'), data };
  },
});

function secondsGiven({ budget }: Run): number {
  return budget.wall_clock_min * 60;
}

function nextStep(run: Run, usage: SandboxUsage | undefined): string {
  if (run.submitting)
    return 'What was handed in is being copied, which takes a while for a large model: call get_result for the outcome.';
  if (isOver(run)) return 'The run is over: call get_result for its outcome, or start_run to begin another.';
  if (run.paused_at) return 'The operator has paused the run and its clock: try again later.';
  if (usage === undefined && secondsLeft(run) > 0)
    return 'The sandbox does not answer right now; its jobs may still run. Call run_status again in a minute, and tell the operator if it stays so.';
  return 'Go on working, or call submit_model when the model is good.';
}

function submitted({
  submitted_at,
  at_deadline,
  model_path,
  bytes,
  parameters,
}: NonNullable<Run['submission']>) {
  return {
    submitted_at,
    at_deadline,
    model_path,
    size_bytes: bytes,
    ...(parameters === null ? {} : { parameters }),
  };
}
