import { asFailure, unanswered } from '../support/unanswered.js';

/** Does a task, and words it for the contestant where GitHub did not answer. */
export async function withGitHub<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && error.name === 'UpstreamFailure') {
      throw unanswered([{ name: 'GitHub', failure: asFailure(error) }]);
    }
    throw error;
  }
}
