import { setTimeout as pause } from 'node:timers/promises';
import { SandboxError } from '../../errors.js';
import type { CallOptions } from '../sandbox.js';
import type { ExecutorClient } from './executor-client.js';
import type { ExecutorState } from './executor-state.js';

export interface EndExecutor {
  readonly connect: (options: CallOptions) => Promise<ExecutorClient>;
  readonly reason: string;
  /** How long it may take to end every process, milliseconds. */
  readonly timeoutMs: number;
}

/** Whether an executor was there and has ended every process. */
export async function endExecutor(
  state: ExecutorState | null,
  { connect, reason, timeoutMs }: EndExecutor,
): Promise<boolean> {
  if (!state || state.ended !== null) return false;
  const options = { signal: AbortSignal.timeout(timeoutMs) };
  try {
    const client = await connect(options);
    await client.request('end', { reason }, options);
    await Promise.race([client.closed, pause(timeoutMs, undefined, { ref: false })]);
    client.close();
    return true;
  } catch (error) {
    if (error instanceof SandboxError || options.signal.aborted) return false;
    throw error;
  }
}
