import type { Run } from '../../runs/run.js';
import type { RunPlace, SandboxSpec } from '../../sandbox/sandbox.js';
import { findTask } from '../../tasks/tasks.js';
import type { Host } from '../tool.js';

const GB = 1e9;

/** What a back end needs to make or find the sandbox of a run. */
export async function sandboxSpec(run: Run, host: Host): Promise<SandboxSpec> {
  const task = findTask(host.tasks, run.task_id);
  return {
    ...sandboxPlace(run, host),
    data_folder: await host.trainingData(task),
    limits: {
      wall_clock_s: run.budget.wall_clock_min * 60,
      cpus: run.budget.cpus,
      memory_bytes: run.budget.memory_gb * GB,
      disk_bytes: run.budget.disk_gb * GB,
      gpus: run.budget.gpus,
    },
    network: run.network === 'unrestricted' ? task.task.network : run.network,
  };
}

/** What a back end needs to find or end the sandbox of a run. */
export function sandboxPlace(run: Run, { runs }: Pick<Host, 'runs'>): RunPlace {
  return { run_id: run.run_id, run_folder: runs.folder(run.run_id).root, made_by: run.sandbox };
}

/** Seconds until the deadline by the wall clock, which stands still while the run is paused; negative when it has passed. */
export function secondsLeft(run: Run): number {
  return run.deadline_at === null ? 0 : (Date.parse(run.deadline_at) - clockOf(run)) / 1000;
}

/** Seconds that the contestant has had, without pauses. */
export function secondsUsed(run: Run): number {
  if (run.started_at === null) return 0;
  const end = run.ended_at === null ? clockOf(run) : Date.parse(run.ended_at);
  return (end - Date.parse(run.started_at)) / 1000 - (run.paused_s ?? 0);
}

function clockOf({ paused_at }: Run): number {
  return paused_at ? Date.parse(paused_at) : Date.now();
}
