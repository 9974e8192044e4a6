import { firstChars } from '../../lib/text.js';
import type { HttpRequest, RequestRecord } from './http/http-request.js';
import type { OffLimitsRules } from './off-limits.js';

/** What one call that looks something up outside carries along. */
export interface ResearchCall {
  /** When an answer must be there, milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly record: (record: RequestRecord) => void;
  readonly rules: OffLimitsRules;
}

/** Writes down that something off limits was asked for, where no request was sent. */
export function recordRefusal(call: ResearchCall, source: HttpRequest['source'], what: string): void {
  call.record({
    source,
    url: firstChars(what, 500),
    status: null,
    cache: 'none',
    bytes: 0,
    duration_ms: 0,
    error: 'off_limits',
  });
}

/** The same call with an earlier deadline, so that time is left for another source. */
export function withShare(call: ResearchCall, sourcesLeft: number): ResearchCall {
  const now = Date.now();
  const share = Math.max(0, call.deadline - now) / sourcesLeft;
  return { ...call, deadline: now + share };
}
