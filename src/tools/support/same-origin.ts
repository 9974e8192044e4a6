import { UpstreamFailure } from './http/upstream-failure.js';
import { type OffLimitsRules, offLimitsError } from './off-limits.js';

/** Lets a service redirect within itself only, and never to what is off limits. */
export function sameOrigin(asked: string, source: string, rules: OffLimitsRules): (url: URL) => void {
  const { origin } = new URL(asked);
  return url => {
    if (url.origin !== origin) throw new UpstreamFailure('refused', { source, cause: 'another host' });
    if (rules.hidesPage(url)) throw offLimitsError(`${url.hostname}${url.pathname}`);
  };
}
