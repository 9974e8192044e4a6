import { findTask } from '../../tasks/tasks.js';
import type { Research } from '../research.js';
import type { RunToolContext } from '../tool.js';
import type { RequestRecord } from './http/http-request.js';
import type { ResearchCall } from './research-call.js';

/** Leaves a call time to answer with what it has, before clients give up on it. */
const MAX_LOOKUP_S = 45;

/** The clients, loaded on first use, and what this call carries along. */
export async function beginResearch(
  context: RunToolContext,
): Promise<{ readonly research: Research; readonly call: ResearchCall }> {
  const { run, runs, limits, signal, log, callId } = context;
  const deadline = Date.now() + Math.min(MAX_LOOKUP_S, limits.waitS) * 1000;
  const research = await context.research();
  const rules = await research.rulesFor(findTask(context.tasks, run.task_id).task.off_limits);
  const trace = runs.trace(run.run_id);
  const record = (request: RequestRecord) => {
    trace
      .append({ type: 'request', call: callId, ...request })
      .catch(error => log.error({ error, call: callId }, 'a request could not be recorded'));
  };
  return { research, call: { deadline, signal, record, rules } };
}
