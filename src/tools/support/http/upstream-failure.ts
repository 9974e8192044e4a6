/** Why no answer could be had from a service. */
export type FailureReason =
  | 'throttled'
  | 'unavailable'
  | 'unreachable'
  | 'timeout'
  | 'too_large'
  | 'garbage'
  | 'refused';

export interface FailureFacts {
  readonly source: string;
  /** When asking again makes sense, in milliseconds since 1970; absent where nobody said. */
  readonly retryAt?: number;
  /** The answer, where there was one. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly cause?: unknown;
}

/** A request that ended without a usable answer. For our own use: its message never reaches a contestant. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly reason: FailureReason;
  readonly facts: FailureFacts;

  constructor(reason: FailureReason, facts: FailureFacts) {
    super(`${facts.source}: ${reason}${facts.status === undefined ? '' : ` (${facts.status})`}`, {
      cause: facts.cause,
    });
    this.reason = reason;
    this.facts = facts;
  }

  /** Whether the same request may do better in a moment. Only requests that change nothing are ever sent. */
  get mayPass(): boolean {
    return this.reason !== 'too_large' && this.reason !== 'refused';
  }
}
