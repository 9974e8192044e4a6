import type { HttpRequest, RequestRecord } from './http-request.js';
import { plainUrl } from './plain-url.js';
import { UpstreamFailure } from './upstream-failure.js';

const MAX_RECORDED_CHARS = 500;

/** What is written down of a request that began at `began` (a moment of `performance`). */
export function recordOf(
  { source, url }: Pick<HttpRequest, 'source' | 'url'>,
  began: number,
  facts: Partial<RequestRecord>,
): RequestRecord {
  const shown = plainUrl(new URL(url)).slice(0, MAX_RECORDED_CHARS);
  const duration_ms = Math.round((performance.now() - began) * 100) / 100;
  return { source, url: shown, status: null, cache: 'none', bytes: 0, error: null, ...facts, duration_ms };
}

/** Asks the request's rules about an address. @throws what they throw, once that is recorded. */
export function checkAllowed(request: HttpRequest, url: URL): void {
  const began = performance.now();
  try {
    request.allow(url);
  } catch (error) {
    const reason = error instanceof UpstreamFailure ? error.reason : 'off_limits';
    request.record(recordOf({ ...request, url: url.href }, began, { error: reason }));
    throw error;
  }
}
