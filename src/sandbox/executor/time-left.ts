import type { CallOptions } from '../sandbox.js';
import type { ExecutorClient } from './executor-client.js';
import type { ExecutorState } from './executor-state.js';

/** An executor that is well answers at once. */
const TIMEOUT_MS = 3000;

/** Seconds left by the clock of an executor: 0 where it has ended at its deadline, null where it cannot be asked. */
export async function timeLeftBy(
  state: ExecutorState | null,
  connect: (options: CallOptions) => Promise<ExecutorClient>,
): Promise<number | null> {
  if (state?.ended === 'deadline') return 0;
  if (!state || state.ended !== null) return null;
  const options = { signal: AbortSignal.timeout(TIMEOUT_MS) };
  try {
    const client = await connect(options);
    const { seconds_left } = await client.request('usage', {}, options).finally(() => client.close());
    return seconds_left;
  } catch {
    return null; // whoever asks has another clock, and goes by that
  }
}
