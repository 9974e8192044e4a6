import { z } from 'zod';
import type { CallLimits } from '../tool.js';

/** Clients give up on silent calls after 60 s; some after 5 s (they can ask for less). */
export const MAX_WAIT_S = 50;

export const WaitArgument = z
  .number()
  .optional()
  .describe(
    `Seconds to wait for it before answering, 0 to ${MAX_WAIT_S}; more is cut to ${MAX_WAIT_S}. A client that cuts calls off early should ask for less.`,
  );

/** The wait that was asked for, held to what is allowed, in milliseconds. */
export function waitMs(asked: number | undefined, limits: CallLimits): number {
  const seconds = asked ?? limits.defaultWaitS;
  return Math.round(Math.min(Math.max(seconds, 0), limits.waitS, MAX_WAIT_S) * 1000);
}
