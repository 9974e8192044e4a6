import { Octokit } from '@octokit/core';
import { retry } from '@octokit/plugin-retry';
import { throttling } from '@octokit/plugin-throttling';
import { z } from 'zod';
import { isTimeout, orAbort, timeLimit } from '../../lib/time-limit.js';
import type { Logger } from '../../logger.js';
import type { HttpClient } from '../support/http/http-client.js';
import type { HttpAnswer } from '../support/http/http-request.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import { sameOrigin } from '../support/same-origin.js';

const API_VERSION = '2022-11-28';
/** A tree of 100,000 files has about 25 MB. */
const TREE_BYTES = 40_000_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Times that a request is repeated after the first. */
const RETRIES = 2;

export interface GitHubClientOptions {
  readonly http: HttpClient;
  readonly baseUrl: string;
  readonly token: string;
  readonly userAgent: string;
  readonly log: Logger;
}

/** What GitHub answered: parsed JSON or bytes, or that it has no such thing. */
export type GitHubAnswer<T> =
  | { readonly found: true; readonly value: T }
  | { readonly found: false; readonly status: number; readonly message: string };

export interface GitHubQuestion {
  /** Below the base URL, with its query. */
  readonly path: string;
  readonly accept: string;
  /** Whether the answer can never change: it names a commit, tree or blob by its hash. */
  readonly fixed: boolean;
  /** Whether a body is what was asked for; what is not is asked for again and never kept. */
  readonly isRight: (body: Buffer) => boolean;
}

/** GitHub's REST API through octokit, whose plugins repeat what failed and keep to GitHub's limits; its fetch is our way out. */
export class GitHubClient {
  readonly #options: GitHubClientOptions;
  #withToken: Octokit | undefined;
  readonly #withoutToken: Octokit;

  constructor(options: GitHubClientOptions) {
    this.#options = options;
    this.#withToken = options.token === '' ? undefined : makeOctokit(options, options.token);
    this.#withoutToken = makeOctokit(options, undefined);
  }

  /** @throws UpstreamFailure if GitHub does not answer, or with something else than the schema says. */
  async json<Schema extends z.ZodType>(
    question: Omit<GitHubQuestion, 'accept' | 'isRight'>,
    schema: Schema,
    call: ResearchCall,
  ): Promise<GitHubAnswer<z.output<Schema>>> {
    const accept = 'application/vnd.github+json';
    const read = (body: Buffer) => schema.safeParse(parse(body.toString('utf8'))).data;
    const answer = await this.bytes({ ...question, accept, isRight: body => read(body) !== undefined }, call);
    if (!answer.found) return answer;
    const value = read(answer.value);
    if (value === undefined) throw new UpstreamFailure('garbage', { source: 'GitHub' });
    return { found: true, value };
  }

  /** The body as it came. @throws UpstreamFailure */
  async bytes(question: GitHubQuestion, call: ResearchCall): Promise<GitHubAnswer<Buffer>> {
    const octokit = this.#withToken ?? this.#withoutToken;
    const answer = await this.#ask(octokit, question, call);
    if (answer.found || answer.status !== 401 || octokit === this.#withoutToken) return answer;
    this.#options.log.warn('GitHub refuses the token research.github_token; going on without one');
    this.#withToken = undefined;
    return this.#ask(this.#withoutToken, question, call);
  }

  async #ask(
    octokit: Octokit,
    { path, accept, fixed, isRight }: GitHubQuestion,
    call: ResearchCall,
  ): Promise<GitHubAnswer<Buffer>> {
    const fetch = this.#fetchFor(call, isRight, fixed ? 30 * DAY_MS : HOUR_MS);
    using limit = timeLimit(call.deadline - Date.now() + 100, call.signal); // octokit's pauses know no deadline
    try {
      const asked = octokit.request(`GET ${path}`, {
        headers: { accept, 'x-github-api-version': API_VERSION },
        request: { fetch, parseSuccessResponseBody: false, deadline: call.deadline },
      });
      const { data } = await orAbort(asked, limit.signal);
      return { found: true, value: await bytesOf(data) };
    } catch (error) {
      call.signal.throwIfAborted();
      if (isTimeout(error)) throw new UpstreamFailure('timeout', { source: 'GitHub' });
      return absence(error);
    }
  }

  /** What octokit fetches with: one attempt through our way out, answered from the cache where that will do. */
  #fetchFor(
    call: ResearchCall,
    isRight: GitHubQuestion['isRight'],
    freshMs: number,
  ): (url: string, init: RequestInit) => Promise<Response> {
    const { http } = this.#options;
    return async (url, init) => {
      try {
        const answer = await http.get({
          source: 'github',
          url,
          headers: Fetched.parse(init).headers,
          maxBytes: TREE_BYTES,
          freshMs,
          attempts: 1,
          deadline: call.deadline,
          lingerMs: 0,
          check: async kept => {
            if (!isRight(await kept.read())) throw new UpstreamFailure('garbage', { source: 'github' });
          },
          allow: sameOrigin(url, 'github', call.rules),
          record: call.record,
          signal: call.signal,
        });
        return toResponse(answer.status, headersOf(answer), await answer.read());
      } catch (error) {
        return responseOf(error, call);
      }
    };
  }
}

const Fetched = z.object({ headers: z.record(z.string(), z.string()) });

function makeOctokit({ baseUrl, userAgent }: GitHubClientOptions, token: string | undefined): Octokit {
  const Plugged = Octokit.plugin(throttling, retry);
  return new Plugged({
    baseUrl: baseUrl.replace(/\/$/, ''),
    userAgent,
    ...(token === undefined ? {} : { auth: token }),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    throttle: { onRateLimit: isWorthWaiting, onSecondaryRateLimit: isWorthWaiting },
    // Not as an option of the request: the plugin would then repeat every answer, 404 too.
    retry: { retries: RETRIES, doNotRetry: [400, 401, 403, 404, 409, 410, 422, 451] },
  });
}

function silent(): void {}

const WithDeadline = z.object({ request: z.object({ deadline: z.number() }) });

/** GitHub asked for a rest: it is worth waiting for if it ends before the call must. */
function isWorthWaiting(retryAfterS: number, options: unknown): boolean {
  const asked = WithDeadline.safeParse(options);
  return asked.success && Date.now() + retryAfterS * 1000 < asked.data.request.deadline;
}

function headersOf({ headers, contentType }: HttpAnswer): Record<string, string> {
  const { 'content-encoding': _packed, 'content-length': _length, ...rest } = headers;
  return { 'content-type': contentType, ...rest };
}

function toResponse(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string,
): Response {
  return new Response(new Uint8Array(Buffer.from(body)), { status, headers });
}

/** An answer that says "not now" is octokit's to deal with; so is a broken connection. All else ends the request. */
function responseOf(error: unknown, call: ResearchCall): Response {
  if (!(error instanceof UpstreamFailure)) throw new EndOfRequest(error);
  const { status, headers = {}, body = '' } = error.facts;
  if (status !== undefined) return toResponse(status, withoutLength(headers), body);
  const passes = error.reason === 'unreachable' || error.reason === 'garbage';
  if (passes && Date.now() + 2000 < call.deadline) throw error; // octokit repeats it
  throw new EndOfRequest(error);
}

function withoutLength({
  'content-length': _length,
  'content-encoding': _packed,
  ...headers
}: Readonly<Record<string, string>>) {
  return headers;
}

/** octokit passes on errors of this name as they are, and repeats all others. */
class EndOfRequest extends Error {
  override readonly name = 'AbortError';
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('the request ends');
    this.reason = reason;
  }
}

async function bytesOf(data: unknown): Promise<Buffer> {
  if (data instanceof ReadableStream) return Buffer.from(await new Response(data).arrayBuffer());
  return Buffer.alloc(0);
}

const RefusedByGitHub = z.object({
  status: z.number(),
  response: z.object({ headers: z.looseObject({}), data: z.unknown() }).optional(),
});
const Message = z.object({ message: z.string() });

/** What octokit throws for an answer that is no success. @throws UpstreamFailure where asking again later makes sense. */
function absence(error: unknown): GitHubAnswer<never> {
  if (error instanceof EndOfRequest) throw error.reason;
  const failure = causeOf(error);
  if (failure !== undefined) throw failure;
  const refused = RefusedByGitHub.safeParse(error);
  if (!refused.success) throw error;
  const { status, response } = refused.data;
  const message = messageOf(response?.data);
  const limited = /rate limit/i.test(message) || status === 429;
  if (limited)
    throw new UpstreamFailure('throttled', {
      source: 'GitHub',
      status,
      retryAt: restOf(response?.headers ?? {}),
    });
  if (status >= 500) throw new UpstreamFailure('unavailable', { source: 'GitHub', status });
  return { found: false, status, message };
}

function causeOf(error: unknown): UpstreamFailure | undefined {
  return error instanceof Error && error.cause instanceof UpstreamFailure ? error.cause : undefined;
}

function messageOf(data: unknown): string {
  const text = typeof data === 'string' ? parse(data) : data;
  return Message.safeParse(text).data?.message ?? '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function restOf(headers: Readonly<Record<string, unknown>>): number {
  const after = Number(headers['retry-after']);
  const reset = Number(headers['x-ratelimit-reset']);
  if (Number.isFinite(after) && after > 0) return Date.now() + after * 1000;
  return Number.isFinite(reset) && reset > 0 ? reset * 1000 : Date.now() + 60_000;
}
