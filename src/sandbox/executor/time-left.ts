import { bootId, monotonicSeconds } from '../../lib/monotonic-clock.js';
import type { CallOptions } from '../sandbox.js';
import type { ExecutorClient } from './executor-client.js';
import type { ExecutorState } from './executor-state.js';

/** An executor that is well answers at once. */
const TIMEOUT_MS = 3000;

/**
 * Seconds left by the clock of an executor: 0 where it has ended at its deadline; where it cannot be asked, by what it wrote down; null
 * where that is of no use either.
 */
export async function timeLeftBy(
  state: ExecutorState | null,
  connect: (options: CallOptions) => Promise<ExecutorClient>,
  pausedSeconds = 0,
): Promise<number | null> {
  if (state?.ended === 'deadline') return 0;
  if (!state || state.ended !== null) return null;
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    const client = await connect(options);
    const { seconds_left } = await client.request('usage', {}, options).finally(() => client.close());
    return seconds_left;
  } catch {
    return timeLeftByRecord(state, pausedSeconds);
  }
}

/**
 * Seconds until the deadline that an executor wrote down, by the monotonic clock that it counted on: no change of the host's clock moves
 * it. Null where it wrote none, or the host was started anew since. `pausedSeconds` is the length of all pauses of the run.
 */
export function timeLeftByRecord(state: ExecutorState | null, pausedSeconds = 0): number | null {
  if (state?.deadline == null || state.boot_id === null || state.boot_id !== bootId()) return null;
  const pausedSince = Math.max(0, pausedSeconds - (state.paused_seconds ?? 0));
  return Math.max(0, state.deadline + pausedSince - monotonicSeconds());
}
