import { type ResearchCall, withShare } from '../support/research-call.js';
import { asFailure, type SourceFailure, unanswered } from '../support/unanswered.js';
import type { PaperSource } from './paper-source.js';

export interface Asked<T> {
  readonly value: T;
  /** Name of the source that answered. */
  readonly source: string;
  /** Sources that were asked before and did not answer. */
  readonly failures: readonly SourceFailure[];
}

/**
 * Asks one source after the other until one knows the answer. Each gets its share of the time that is left.
 * Undefined if all of them answered and none knows it.
 * @throws LimitError that says when to try again, if one that may know it did not answer.
 */
export async function askInTurn<T>(
  sources: readonly PaperSource[],
  ask: (source: PaperSource, call: ResearchCall) => Promise<T | undefined>,
  call: ResearchCall,
): Promise<Asked<T> | undefined> {
  const failures: SourceFailure[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      const value = await ask(source, withShare(call, sources.length - index));
      if (value !== undefined) return { value, source: source.name, failures };
    } catch (error) {
      call.signal.throwIfAborted();
      failures.push({ name: source.name, failure: asFailure(error) });
    }
  }
  if (failures.length > 0) throw unanswered(failures);
  return undefined;
}
