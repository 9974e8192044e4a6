const MAX_REST_MS = 3_600_000;
/** A number above this is a moment, below it a length of time. */
const EPOCH_S = 1e9;

type Headers = Readonly<Record<string, string>>;

/** Until when a host wants to be left alone, milliseconds since 1970; undefined if its answer does not say. */
export function restUntil(status: number, headers: Headers, now = Date.now()): number | undefined {
  const asked = retryAfter(headers['retry-after'], now) ?? usedUp(headers, now);
  if (asked !== undefined) return Math.min(Math.max(asked, now), now + MAX_REST_MS);
  return isSecondaryLimit(status, headers) ? now + 60_000 : undefined; // GitHub: wait at least a minute
}

/** Whether the answer says that too much was asked, rather than something wrong. */
export function isThrottled(status: number, headers: Headers): boolean {
  return (
    status === 429 ||
    (status === 403 && (headers['x-ratelimit-remaining'] === '0' || 'retry-after' in headers))
  );
}

function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return now + seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : date;
}

/** An allowance that was used up with this very answer. */
function usedUp(headers: Headers, now: number): number | undefined {
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] !== '0' || !Number.isFinite(reset)) return undefined;
  return reset > EPOCH_S ? reset * 1000 : now + reset * 1000;
}

function isSecondaryLimit(status: number, headers: Headers): boolean {
  return status === 429 && 'x-github-request-id' in headers;
}
