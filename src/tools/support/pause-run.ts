import { InputError, SandboxError } from '../../errors.js';
import type { Run } from '../../runs/run.js';
import type { Host } from '../tool.js';
import { settleRun } from './close-run.js';
import { sandboxPlace } from './sandbox-spec.js';

/**
 * Freezes a run that is on, with its clock. One that is paused already stays so. May be repeated where a first attempt was cut off: the record
 * says so first, since nobody would know of a run that stands still without it.
 * @throws InputError if the run is not on, or its sandbox cannot be frozen.
 */
export async function pauseRun(runId: string, host: Host): Promise<Run> {
  await settleRun(await host.runs.read(runId), host);
  return host.runs.withRun(runId, async () => {
    const run = await runThatIsOn(runId, host);
    const paused_at = run.paused_at ?? new Date().toISOString();
    const paused = await host.runs.amend(runId, { paused_at });
    try {
      await host.backend.pause(sandboxPlace(run, host));
    } catch (error) {
      await host.runs.amend(runId, { paused_at: run.paused_at ?? null });
      throw error;
    }
    if (!run.paused_at) await trace(runId, { from: 'running', to: 'paused' }, host);
    return paused;
  });
}

/**
 * Lets a paused run go on; its deadline is later by the length of the pause. May be repeated where a first attempt was cut off.
 * @throws InputError if the run is not on.
 */
export async function resumeRun(runId: string, host: Host): Promise<Run> {
  return host.runs.withRun(runId, async () => {
    const run = await runThatIsOn(runId, host);
    const pausedMs = await lengthOfPause(run, host);
    const paused_s = (run.paused_s ?? 0) + pausedMs / 1000;
    const deadline_at = new Date(Date.parse(run.deadline_at ?? '') + pausedMs).toISOString();
    const resumed = await host.runs.amend(runId, { paused_at: null, paused_s, deadline_at });
    await host.backend.resume(sandboxPlace(run, host), paused_s);
    if (run.paused_at) await trace(runId, { from: 'paused', to: 'running' }, host);
    return resumed;
  });
}

/** Milliseconds; by the wall clock only where nobody has a better one. */
async function lengthOfPause(run: Run, host: Host): Promise<number> {
  if (!run.paused_at) return 0;
  const seconds = await host.backend.pausedFor(sandboxPlace(run, host));
  return seconds === null ? Math.max(0, Date.now() - Date.parse(run.paused_at)) : seconds * 1000;
}

/** The sentence that a call gets while its run stands still. */
export function runIsPaused(): SandboxError {
  return new SandboxError(
    'This run is paused by the operator, and so is its clock. Nothing is lost; try again later.',
  );
}

async function runThatIsOn(runId: string, { runs }: Host): Promise<Run> {
  const run = await runs.read(runId);
  if (run.state === 'running') return run;
  throw new InputError(`Run ${runId} is ${run.state}, not running: it can be neither paused nor resumed.`);
}

function trace(runId: string, step: { from: string; to: string }, { runs }: Host): Promise<void> {
  return runs.trace(runId).append({ type: 'run_state', ...step, reason: 'By the operator.' });
}
