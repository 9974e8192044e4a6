import { z } from 'zod';
import { InputError } from '../../errors.js';
import { quotedName } from '../../lib/text.js';
import type { Run } from '../../runs/run.js';
import type { RunToolContext } from '../tool.js';
import { settleRun } from './close-run.js';

export const RunIdArgument = z
  .string()
  .optional()
  .describe('An earlier run of yours; the current one if left out.');

/**
 * The run that was named, if the caller owns it; the current one where none was named.
 * @throws InputError for another's run in the same words as for one that does not exist.
 */
export async function findOwnRun(runId: string | undefined, context: RunToolContext): Promise<Run> {
  if (runId === undefined || runId === context.run.run_id) return context.run;
  const run = await context.runs.read(runId).catch(() => undefined);
  if (run === undefined || run.principal !== context.principal) {
    throw new InputError(
      `You have no run ${quotedName(runId, 60)}. Leave run_id out for the current one, ${context.run.run_id}.`,
    );
  }
  return settleRun(run, context);
}
