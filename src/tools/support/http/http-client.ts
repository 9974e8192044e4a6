import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { InputError } from '../../../errors.js';
import { isTimeout, orAbort, timeLimit } from '../../../lib/time-limit.js';
import { bodyLimits } from './body-limits.js';
import { type CacheHead, DiskCache, type Kept } from './disk-cache.js';
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
import { isThrottled, restUntil } from './rest.js';
import { UpstreamFailure } from './upstream-failure.js';
import { WayOut, type WayOutOptions } from './way-out.js';

const MAX_REDIRECTS = 5;
const MAX_ERROR_BYTES = 100_000;
const MAX_RECORDED_CHARS = 500;
const FIRST_BACKOFF_MS = 400;
const MAX_BACKOFF_MS = 10_000;
/** How long "there is nothing there" counts as new. */
const MISSING_FRESH_MS = 600_000;
const MISSING = [404, 410, 451];
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that are for the host that was asked, not for one it redirects to. */
const FOR_ONE_HOST = ['authorization', 'x-api-key', 'cookie'];

export interface HttpClientOptions extends WayOutOptions {
  /** Folder of the cache and of what is known of the hosts. */
  readonly folder: string;
  readonly cacheBytes: number;
  readonly paces: Readonly<Record<Source, Pace>>;
  readonly userAgent: string;
}

/** Under way: those who ask the same meanwhile wait for it too. */
interface Flight {
  readonly answer: Promise<HttpAnswer>;
  readonly deadline: number;
}

/**
 * The one way out: every request of every tool goes through here. Answers come from the disk where they are new enough;
 * the same question is asked once however many ask it; no host is asked faster than it allows; what broke is asked again
 * with growing pauses until the deadline; nothing larger than allowed is read, and no private address reached.
 */
export class HttpClient implements AsyncDisposable {
  readonly cache: DiskCache;
  readonly #options: HttpClientOptions;
  readonly #wayOut: WayOut;
  readonly #gates = new Map<string, HostGate>();
  readonly #flights = new Map<string, Flight>();
  readonly #closing = new AbortController();

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#wayOut = new WayOut(options);
    this.cache = new DiskCache(join(options.folder, 'answers'), options.cacheBytes);
  }

  /**
   * @throws UpstreamFailure if no usable answer comes before the deadline; what `allow` throws; the signal's reason.
   */
  async get(request: HttpRequest): Promise<HttpAnswer> {
    const began = performance.now();
    const key = keyOf(request);
    const kept = await this.cache.find(key);
    if (kept !== undefined) {
      this.#allow(request, new URL(kept.head.url));
      if (isFresh(kept, request)) return this.#fromCache(kept, request, began);
    } else {
      this.#allow(request, new URL(request.url));
    }
    try {
      return await this.#fly(key, kept, request, began);
    } catch (error) {
      if (kept === undefined || kept.head.status !== 200 || !(error instanceof UpstreamFailure)) throw error;
      request.record(record(request, began, { cache: 'stale', status: 200, bytes: kept.bytes }));
      return keptAnswer(kept, new Date(kept.checkedAt));
    }
  }

  #fromCache(kept: Kept, request: HttpRequest, began: number): HttpAnswer {
    request.record(record(request, began, { cache: 'hit', status: kept.head.status, bytes: kept.bytes }));
    return keptAnswer(kept);
  }

  #allow(request: HttpRequest, url: URL): void {
    const began = performance.now();
    try {
      request.allow(url);
    } catch (error) {
      const reason = error instanceof UpstreamFailure ? error.reason : 'off_limits';
      request.record(record({ ...request, url: url.href }, began, { cache: 'none', error: reason }));
      throw error;
    }
  }

  /** Joins a request that is under way, or sends one. */
  async #fly(key: string, kept: Kept | undefined, request: HttpRequest, began: number): Promise<HttpAnswer> {
    for (;;) {
      const known = this.#flights.get(key);
      const flight = known ?? this.#takeOff(key, kept, request);
      try {
        const answer = await this.#waitFor(flight, request);
        if (known === undefined) return answer;
        this.#allow(request, new URL(answer.url));
        const { status, bytes } = answer;
        request.record(record(request, began, { cache: 'joined', status, bytes }));
        return answer;
      } catch (error) {
        const othersFault =
          known !== undefined &&
          !request.signal.aborted &&
          Date.now() < request.deadline &&
          endedForOthers(error, known);
        if (!othersFault) throw error;
      }
    }
  }

  #takeOff(key: string, kept: Kept | undefined, request: HttpRequest): Flight {
    const deadline = request.deadline + request.lingerMs;
    const answer = this.#ask(key, kept, { ...request, deadline }).finally(() => this.#flights.delete(key));
    answer.catch(() => undefined); // whoever waits hears of it; nobody may be left to wait
    const flight = { answer, deadline };
    this.#flights.set(key, flight);
    return flight;
  }

  async #waitFor(flight: Flight, { deadline, signal, source }: HttpRequest): Promise<HttpAnswer> {
    using limit = timeLimit(deadline - Date.now() + 50, signal);
    try {
      return await orAbort(flight.answer, limit.signal);
    } catch (error) {
      if (isTimeout(error)) throw new UpstreamFailure('timeout', { source });
      throw error;
    }
  }

  /** Sends the request until a usable answer comes, with growing pauses, no longer than until the deadline. */
  async #ask(key: string, kept: Kept | undefined, request: HttpRequest): Promise<HttpAnswer> {
    using limit = timeLimit(request.deadline - Date.now(), this.#closing.signal);
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
      this.#allow(request, outcome);
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
    const dispatcher = await this.#wayOut.dispatcherFor(url, source);
    const gate = this.#gate(url, source);
    const leave = await enter(gate, request, signal);
    const began = performance.now();
    const note = (facts: Partial<RequestRecord>) => request.record(record(request, began, facts));
    let status: number | null = null;
    try {
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
      leave();
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
      await this.cache.confirm(key);
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
    const kept = await this.cache.keep(key, headOf(request.url, status, headers), {
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

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The server is closing.', 'AbortError'));
    await Promise.allSettled([...this.#flights.values()].map(flight => flight.answer));
    await this.#wayOut[Symbol.asyncDispose]();
  }
}

/** Requests with the same key have the same answer. Keys of services are no part of it. */
function keyOf({ source, url, headers }: HttpRequest): string {
  return JSON.stringify([source, plainUrl(new URL(url)), headers.accept ?? '']);
}

/** Whether a request that was joined ended for a reason that is not the joiner's: its starter's time or its starter's rules. */
function endedForOthers(error: unknown, { deadline }: Flight): boolean {
  return error instanceof InputError || Date.now() >= deadline;
}

function isFresh(kept: Kept, { freshMs }: HttpRequest): boolean {
  const age = Date.now() - kept.checkedAt;
  return age < (kept.head.status === 200 ? freshMs : Math.min(freshMs, MISSING_FRESH_MS));
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

/** The beginning of an answer that is not kept, for what it says of itself. */
async function readSome({ headers, body }: Arrived, source: string): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    const limits = bodyLimits(headers['content-encoding'] ?? '', MAX_ERROR_BYTES, source);
    const unpacked = limits.reduce<Readable>(
      (from, to) => from.on('error', error => to.destroy(error)).pipe(to),
      body,
    );
    for await (const chunk of unpacked) chunks.push(Buffer.from(chunk));
  } catch {
    body.destroy();
  }
  return Buffer.concat(chunks).toString('utf8');
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

function record(
  { source, url }: Pick<HttpRequest, 'source' | 'url'>,
  began: number,
  facts: Partial<RequestRecord>,
): RequestRecord {
  const shown = plainUrl(new URL(url)).slice(0, MAX_RECORDED_CHARS);
  const duration_ms = Math.round((performance.now() - began) * 100) / 100;
  return { source, url: shown, status: null, cache: 'none', bytes: 0, error: null, ...facts, duration_ms };
}
