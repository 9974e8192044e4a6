import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { InputError } from '../../../errors.js';
import { isTimeout, orAbort, timeLimit } from '../../../lib/time-limit.js';
import { DiskCache, type Kept } from './disk-cache.js';
import { type HttpAnswer, type HttpRequest, keptAnswer } from './http-request.js';
import { plainUrl } from './plain-url.js';
import { checkAllowed, recordOf } from './request-record.js';
import { Sender, type SenderOptions } from './sender.js';
import { UpstreamFailure } from './upstream-failure.js';

/** How long "there is nothing there" counts as new. */
const MISSING_FRESH_MS = 600_000;

export interface HttpClientOptions extends SenderOptions {
  /** How much the cache may hold. */
  readonly cacheBytes: number;
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
  readonly #sender: Sender;
  readonly #flights = new Map<string, Flight>();
  readonly #closing = new AbortController();

  constructor(options: HttpClientOptions) {
    setMaxListeners(0, this.#closing.signal); // each request under way listens
    this.cache = new DiskCache(join(options.folder, 'answers'), options.cacheBytes);
    this.#sender = new Sender(options, this.cache, this.#closing.signal);
  }

  /**
   * @throws UpstreamFailure if no usable answer comes before the deadline; what `allow` throws; the signal's reason.
   */
  async get(request: HttpRequest): Promise<HttpAnswer> {
    const began = performance.now();
    const key = keyOf(request);
    checkAllowed(request, new URL(request.url));
    const kept = await this.cache.find(key);
    if (kept !== undefined) {
      checkAllowed(request, new URL(kept.head.url));
      if (isFresh(kept, request)) return this.#fromCache(kept, request, began);
    }
    try {
      return await this.#fly(key, kept, request, began);
    } catch (error) {
      if (kept === undefined || kept.head.status !== 200 || !(error instanceof UpstreamFailure)) throw error;
      request.record(recordOf(request, began, { cache: 'stale', status: 200, bytes: kept.bytes }));
      return keptAnswer(kept, new Date(kept.checkedAt));
    }
  }

  #fromCache(kept: Kept, request: HttpRequest, began: number): HttpAnswer {
    request.record(recordOf(request, began, { cache: 'hit', status: kept.head.status, bytes: kept.bytes }));
    return keptAnswer(kept);
  }

  /** Joins a request that is under way, or sends one. */
  async #fly(key: string, kept: Kept | undefined, request: HttpRequest, began: number): Promise<HttpAnswer> {
    for (;;) {
      const known = this.#flights.get(key);
      const flight = known ?? this.#takeOff(key, kept, request);
      try {
        const answer = await this.#waitFor(flight, request);
        if (known === undefined) return answer;
        checkAllowed(request, new URL(answer.url));
        const { status, bytes } = answer;
        request.record(recordOf(request, began, { cache: 'joined', status, bytes }));
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
    const answer = this.#askOnce(key, kept, { ...request, deadline }).finally(() =>
      this.#flights.delete(key),
    );
    answer.catch(() => undefined); // whoever waits hears of it; nobody may be left to wait
    const flight = { answer, deadline };
    this.#flights.set(key, flight);
    return flight;
  }

  /** Of several processes that want the same, one asks and the others find its answer. */
  #askOnce(key: string, kept: Kept | undefined, request: HttpRequest): Promise<HttpAnswer> {
    const began = performance.now();
    return this.cache.alone(key, Math.max(0, request.deadline - Date.now()), async () => {
      const newer = await this.cache.find(key);
      if (newer !== undefined && newer.checkedAt !== kept?.checkedAt && isFresh(newer, request)) {
        checkAllowed(request, new URL(newer.head.url));
        return this.#fromCache(newer, request, began);
      }
      return this.#sender.send(key, kept, request);
    });
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

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException('The server is closing.', 'AbortError'));
    await Promise.allSettled([...this.#flights.values()].map(flight => flight.answer));
    await this.#sender[Symbol.asyncDispose]();
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
