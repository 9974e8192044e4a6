import { InputError, LimitError } from '../../errors.js';
import { duration } from '../../lib/text.js';
import { type FailureReason, UpstreamFailure } from './http/upstream-failure.js';

const WORDS: Readonly<Record<FailureReason, string>> = {
  throttled: 'allows no more requests right now',
  unavailable: 'answers with an error',
  unreachable: 'cannot be reached',
  timeout: 'did not answer in time',
  too_large: 'sent more than is taken',
  garbage: 'sent something unreadable',
  refused: 'leads to where no request may go',
};
const DEFAULT_WAIT_S = 30;

export interface SourceFailure {
  /** As the source is named to the contestant. */
  readonly name: string;
  readonly failure: UpstreamFailure;
}

/** "Semantic Scholar allows no more requests right now; arXiv did not answer in time". */
export function describeFailures(failures: readonly SourceFailure[]): string {
  return failures.map(({ name, failure }) => `${name} ${WORDS[failure.reason]}`).join('; ');
}

/** The sentence for a call that no source answered: why, and when to try again. */
export function unanswered(failures: readonly SourceFailure[]): LimitError | InputError {
  const why = describeFailures(failures);
  const cause = failures[0]?.failure;
  if (failures.every(({ failure }) => failure.reason === 'too_large' || failure.reason === 'refused')) {
    return new InputError(`${why}. Asking again will not help; try something else.`, { cause });
  }
  return new LimitError(
    `${why}. Try again in ${duration(secondsToWait(failures))}, and go on with other work until then.`,
    {
      cause,
    },
  );
}

function secondsToWait(failures: readonly SourceFailure[]): number {
  const moments = failures.map(({ failure }) => failure.facts.retryAt).filter(at => at !== undefined);
  if (moments.length === 0) return DEFAULT_WAIT_S;
  return Math.max(5, Math.ceil((Math.min(...moments) - Date.now()) / 1000));
}

/** The failure of a source, or the error itself where it is none. */
export function asFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  throw error;
}
