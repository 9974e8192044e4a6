import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTimeout, timeLimit } from '../../../lib/time-limit.js';
import { bodyLimits } from './body-limits.js';
import type { CacheHead, DiskCache, Kept } from './disk-cache.js';
import { readSome } from './error-body.js';
import { type Arrived, exchange, explain } from './exchange.js';
import { GateClosed, HostGate, type Pace } from './host-gate.js';
import {
  type HttpAnswer,
  type HttpRequest,
  keptAnswer,
  type RequestRecord,
  type Source,
} from './http-request.js';
import { plainUrl } from './plain-url.js';
import { checkAllowed, recordOf } from './request-record.js';
import { isThrottled, restUntil } from './rest.js';
import { UpstreamFailure } from './upstream-failure.js';
import { WayOut, type WayOutOptions } from './way-out.js';

const MAX_REDIRECTS = 5;
const FIRST_BACKOFF_MS = 400;
const MAX_BACKOFF_MS = 10_000;
/** There is nothing there, or not any more, or not by law. */
const MISSING = [404, 410, 451];
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that are for the host that was asked, not for one it redirects to. */
const FOR_ONE_HOST = ['authorization', 'x-api-key', 'cookie'];

export interface SenderOptions extends WayOutOptions {
  /** Folder of what is known of the hosts. */
  readonly folder: string;
  readonly paces: Readonly<Record<Source, Pace>>;
  readonly userAgent: string;
}

/** Sends requests, at the pace of each host, again where that may help, and puts what came into the cache. */
export class Sender implements AsyncDisposable {
  readonly #options: SenderOptions;
  readonly #cache: DiskCache;
  readonly #closing: AbortSignal;
  readonly #wayOut: WayOut;
  readonly #gates = new Map<string, HostGate>();

  /** `closing` ends whatever is under way. */
  constructor(options: SenderOptions, cache: DiskCache, closing: AbortSignal) {
    this.#options = options;
    this.#cache = cache;
    this.#closing = closing;
    this.#wayOut = new WayOut(options);
  }

  /** Sends the request until a usable answer comes, with growing pauses, no longer than until the deadline. */
  async send(key: string, kept: Kept | undefined, request: HttpRequest): Promise<HttpAnswer> {
    using limit = timeLimit(request.deadline - Date.now(), this.#closing);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#follow(key, kept, request, limit.signal);
      } catch (error) {
        if (!(error instanceof UpstreamFailure)) throw error;
        const again = Math.max(Date.now() + backoffMs(attempt), error.facts.retryAt ?? 0);
        if (!error.mayPass || attempt >= request.attempts || again > request.deadline) throw error;
        await sleep(again - Date.now(), undefined, { signal: limit.signal }).catch(() => {
          throw error;
        });
      }
    }
  }

  /** One attempt, through as many redirects as are allowed. */
  async #follow(
    key: string,
    kept: Kept | undefined,
    request: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    let url = new URL(request.url);
    let headers: Record<string, string> = {
      'user-agent': this.#options.userAgent,
      ...request.headers,
      ...conditions(kept),
    };
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      const outcome = await this.#hop(key, kept, { ...request, url: url.href, headers }, signal);
      if (!(outcome instanceof URL)) return outcome;
      if (outcome.origin !== url.origin) headers = without(headers, FOR_ONE_HOST);
      checkAllowed(request, outcome);
      url = outcome;
    }
    throw new UpstreamFailure('refused', { source: request.source, cause: 'too many redirects' });
  }

  /** One request to one host: an answer, or where it sends us. */
  async #hop(
    key: string,
    kept: Kept | undefined,
    request: HttpRequest,
    signal: AbortSignal,
  ): Promise<HttpAnswer | URL> {
    const { source } = request;
    const url = new URL(request.url);
    const gate = this.#gate(url, source);
    const began = performance.now();
    const note = (facts: Partial<RequestRecord>) => request.record(recordOf(request, began, facts));
    let status: number | null = null;
    let leave: (() => void) | undefined;
    try {
      const dispatcher = await this.#wayOut.dispatcherFor(url, source);
      leave = await enter(gate, request, signal);
      const arrived = await exchange(dispatcher, { source, url, headers: request.headers, signal });
      status = arrived.status;
      const rest = restUntil(arrived.status, arrived.headers);
      if (rest !== undefined) await gate.pause(rest);
      const outcome = await this.#take(key, kept, request, arrived, rest);
      note({
        status,
        cache: status === 304 ? 'revalidated' : 'miss',
        bytes: outcome instanceof URL || status === 304 ? 0 : outcome.bytes,
      });
      return outcome;
    } catch (error) {
      const failure = timedOut(error, signal)
        ? new UpstreamFailure('timeout', { source })
        : explain(error, source);
      const reason = failure instanceof UpstreamFailure ? failure.reason : 'failed';
      note({ status, cache: 'none', error: reason });
      throw failure;
    } finally {
      leave?.();
    }
  }

  /** Reads what arrived, as far as it is of use. */
  async #take(
    key: string,
    kept: Kept | undefined,
    request: HttpRequest,
    arrived: Arrived,
    rest: number | undefined,
  ): Promise<HttpAnswer | URL> {
    const { status, headers, body } = arrived;
    const { source } = request;
    if (status === 304 && kept !== undefined) {
      await body.dump();
      await this.#cache.confirm(key);
      return keptAnswer(kept);
    }
    if (REDIRECTS.includes(status)) {
      await body.dump();
      return target(headers.location, request);
    }
    if (status === 200 || MISSING.includes(status)) return this.#keep(key, request, arrived);
    const text = await readSome(arrived, source);
    const facts = { source, status, headers, body: text, ...(rest === undefined ? {} : { retryAt: rest }) };
    if (isThrottled(status, headers)) throw new UpstreamFailure('throttled', facts);
    if (status >= 500 || status === 408) throw new UpstreamFailure('unavailable', facts);
    if (status < 400) throw new UpstreamFailure('garbage', facts);
    return plainAnswer(status, request.url, headers, text);
  }

  async #keep(key: string, request: HttpRequest, { status, headers, body }: Arrived): Promise<HttpAnswer> {
    const { source, maxBytes } = request;
    if (Number(headers['content-length']) > maxBytes) {
      body.destroy();
      throw new UpstreamFailure('too_large', { source });
    }
    const limits = bodyLimits(headers['content-encoding'] ?? '', maxBytes, source);
    const check = status === 200 ? request.check : undefined;
    const kept = await this.#cache.keep(key, headOf(request.url, status, headers), {
      body,
      through: limits,
      check,
    });
    return { ...keptAnswer(kept), headers };
  }

  #gate(url: URL, source: Source): HostGate {
    const name = `${source}-${url.host.replaceAll(/[^a-zA-Z0-9.-]/g, '_')}`;
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const gate = new HostGate(
      join(this.#options.folder, 'hosts', `${name}.json`),
      this.#options.paces[source],
    );
    this.#gates.set(name, gate);
    return gate;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#wayOut[Symbol.asyncDispose]();
  }
}

async function enter(
  gate: HostGate,
  { deadline, source }: HttpRequest,
  signal: AbortSignal,
): Promise<() => void> {
  try {
    return await gate.enter({ deadline, signal });
  } catch (error) {
    if (error instanceof GateClosed)
      throw new UpstreamFailure('throttled', { source, retryAt: error.opensAt });
    if (timedOut(error, signal)) throw new UpstreamFailure('timeout', { source });
    throw error;
  }
}

function timedOut(error: unknown, signal: AbortSignal): boolean {
  return isTimeout(error) || (signal.aborted && isTimeout(signal.reason));
}

function conditions(kept: Kept | undefined): Record<string, string> {
  if (kept === undefined || kept.head.status !== 200) return {};
  const { etag, last_modified } = kept.head;
  if (etag !== null) return { 'if-none-match': etag };
  return last_modified === null ? {} : { 'if-modified-since': last_modified };
}

function without(headers: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase())));
}

function target(location: string | undefined, { source, url }: HttpRequest): URL {
  if (location === undefined || !URL.canParse(location, url)) {
    throw new UpstreamFailure('garbage', { source, cause: 'redirect to nowhere' });
  }
  return new URL(location, url);
}

function headOf(url: string, status: number, headers: Readonly<Record<string, string>>): CacheHead {
  return {
    version: 1,
    url: plainUrl(new URL(url)),
    status,
    content_type: (headers['content-type'] ?? '').slice(0, 200),
    etag: headers.etag?.slice(0, 500) ?? null,
    last_modified: headers['last-modified']?.slice(0, 100) ?? null,
  };
}

function plainAnswer(
  status: number,
  url: string,
  headers: Readonly<Record<string, string>>,
  text: string,
): HttpAnswer {
  const body = Buffer.from(text);
  return {
    status,
    url,
    contentType: headers['content-type'] ?? '',
    staleSince: undefined,
    headers,
    bytes: body.length,
    path: undefined,
    read: async () => body,
  };
}

/** Doubles with every attempt; a random part keeps those who failed together from coming back together. */
function backoffMs(attempt: number): number {
  const full = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
  return full / 2 + Math.random() * (full / 2);
}
