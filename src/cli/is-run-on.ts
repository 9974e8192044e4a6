import { ConfigError, InputError } from '../errors.js';
import { isOver } from '../runs/run.js';
import type { RunStore } from '../runs/run-store.js';

/**
 * Whether somebody may still work in a run: it is not over, or is being handed in at this moment. One whose record cannot be read is
 * on, for that may be mended; one that is not there is not.
 */
export async function isRunOn(runId: string, runs: RunStore): Promise<boolean> {
  try {
    const run = await runs.read(runId);
    return !isOver(run) || (Boolean(run.submitting) && (await runs.isChanging(runId)));
  } catch (error) {
    if (error instanceof InputError) return false;
    if (error instanceof ConfigError) return true;
    throw error;
  }
}
