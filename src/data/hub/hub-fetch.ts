import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { isKnownError } from '../../errors.js';
import { duration } from '../../lib/text.js';
import { failureOf, type HubFacts, tooManyRequests, unreachable } from './hub-failure.js';

export interface Patience {
  /** How often a request is tried that finds nobody, or a hub with a fault of its own. */
  readonly attempts: number;
  /** Wait before the second attempt, milliseconds; doubled for each further one. */
  readonly firstWaitMs: number;
  /** Longest wait that the hub may ask for, seconds. */
  readonly longestAskedS: number;
}

export interface HubFetch {
  readonly facts: HubFacts;
  readonly dispatcher: Dispatcher;
  readonly patience: Patience;
  readonly signal: AbortSignal;
  /** A hub that was out of reach is not waited for again. */
  readonly memory: { isOutOfReach: boolean };
  /** Says that something is waited for. */
  readonly onWait: (text: string) => void;
}

/** The way out, through the proxy that is set. Destroy it in the end. */
export function makeDispatcher({ proxy, noProxy }: { proxy: string; noProxy: string }): Dispatcher {
  const options = { connect: { timeout: 20_000 }, headersTimeout: 60_000, bodyTimeout: 60_000 };
  if (proxy === '') return new Agent(options);
  return new EnvHttpProxyAgent({ ...options, httpProxy: proxy, httpsProxy: proxy, noProxy });
}

/**
 * `fetch` for the hub's library: it waits where the hub asks for it, tries again where that may help, and answers only with a success.
 * @throws ConfigError that says what the operator can do; the signal's reason on abort.
 */
export function hubFetch(options: HubFetch): typeof fetch {
  const ask = async (input: Parameters<typeof fetch>[0], init: Parameters<typeof fetch>[1]) => {
    const { facts, patience } = options;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await askOnce(String(input instanceof Request ? input.url : input), init, options);
      if (answer.response?.ok === true) return answer.response;
      const wait = waitAfter(answer, attempt, options);
      const attempts = options.memory.isOutOfReach ? 1 : patience.attempts;
      if (wait === undefined || attempt >= attempts) {
        options.memory.isOutOfReach = answer.response === undefined;
        throw whyNot(answer, facts);
      }
      options.onWait(`${reasonFor(answer)}, waiting ${duration(wait / 1000)}`);
      await sleep(wait, undefined, { signal: options.signal });
    }
  };
  return ask;
}

interface Answer {
  readonly response?: Response;
  readonly error?: unknown;
}

async function askOnce(
  url: string,
  init: Parameters<typeof fetch>[1],
  { dispatcher, signal }: HubFetch,
): Promise<Answer> {
  signal.throwIfAborted();
  try {
    const headers = new Headers(init?.headers);
    const response = await undiciFetch(url, { headers: Object.fromEntries(headers), dispatcher, signal });
    if (!response.ok) await response.body?.cancel();
    if (response.status === 200 && isForPart(headers.get('range'))) {
      await response.body?.cancel();
      return { error: new Error('the whole file came where a part was asked for') };
    }
    return { response: response as unknown as Response }; // the same class, declared twice
  } catch (error) {
    signal.throwIfAborted();
    if (isKnownError(error)) throw error;
    return { error };
  }
}

/** The library asks for the first byte where it only wants to know what there is. */
function isForPart(range: string | null): boolean {
  return range !== null && range !== 'bytes=0-0';
}

function reasonFor({ response }: Answer): string {
  if (response === undefined) return 'the hub does not answer';
  return response.status === 429 ? 'the hub asks for patience' : `the hub has a fault (${response.status})`;
}

/** Milliseconds until another attempt may help; undefined where none would. @throws ConfigError if the hub asks for too much patience. */
function waitAfter({ response }: Answer, attempt: number, { patience, facts }: HubFetch): number | undefined {
  const usual = patience.firstWaitMs * 2 ** (attempt - 1);
  if (response === undefined) return usual;
  if (response.status !== 429 && response.status < 500) return undefined;
  const asked = secondsAsked(response.headers.get('retry-after'));
  if (asked === undefined) return usual;
  if (asked > patience.longestAskedS) throw tooManyRequests(facts.url, asked);
  return asked * 1000;
}

/** `Retry-After` as seconds or as a date. */
function secondsAsked(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

function whyNot({ response, error }: Answer, facts: HubFacts): Error {
  if (response === undefined) return unreachable(facts.url, error);
  return failureOf(response.status, response.headers.get('x-error-code') ?? '', facts);
}
