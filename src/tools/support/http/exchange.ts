import type { Dispatcher } from 'undici';
import { ACCEPT_ENCODING } from './body-limits.js';
import { UpstreamFailure } from './upstream-failure.js';

/** What goes out once. */
export interface Exchange {
  readonly source: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Arrived {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Sends a GET request once and resolves when the head of the answer is there. @throws UpstreamFailure */
export async function exchange(
  dispatcher: Dispatcher,
  { source, url, headers, signal }: Exchange,
): Promise<Arrived> {
  try {
    const {
      statusCode,
      headers: arrived,
      body,
    } = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'GET',
      headers: { 'accept-encoding': ACCEPT_ENCODING, ...headers },
      signal,
    });
    return { status: statusCode, headers: flat(arrived), body };
  } catch (error) {
    throw explain(error, source);
  }
}

/** The failure that an error of the network, of the clock or of a body stands for. */
export function explain(error: unknown, source: string): unknown {
  if (error instanceof UpstreamFailure) return error;
  if (!(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (error.cause instanceof UpstreamFailure) return error.cause;
  if (error.name === 'TimeoutError' || /TIMEOUT|ETIMEDOUT/.test(code)) {
    return new UpstreamFailure('timeout', { source, cause: error });
  }
  if (error.name === 'AbortError') return error;
  if (/^Z_|^ERR__ERROR_FORMAT|^ERR_PADDING|^ERR_BROTLI/.test(code)) {
    return new UpstreamFailure('garbage', { source, cause: error });
  }
  if (
    /^(UND_|HPE_|ECONN|ENOTFOUND|EAI_|EPIPE|EHOST|ENET|ERR_SSL|ERR_TLS|CERT_|DEPTH_|SELF_|UNABLE_|ERR_STREAM|EPROTO)/.test(
      code,
    )
  ) {
    return new UpstreamFailure('unreachable', { source, cause: error });
  }
  return error;
}

function flat(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}
