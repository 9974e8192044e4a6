import type { z } from 'zod';
import type { HttpClient } from '../support/http/http-client.js';
import type { Source } from '../support/http/http-request.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import { sameOrigin } from '../support/same-origin.js';

const DAY_MS = 86_400_000;
/** A list of a thousand papers has under 2 MB. */
const MAX_BYTES = 8_000_000;
const ATTEMPTS = 5;

export interface JsonQuestion<Schema extends z.ZodType> {
  readonly source: Source;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly schema: Schema;
}

export type JsonAnswer<T> =
  | { readonly status: 200; readonly value: T }
  | { readonly status: number; readonly value?: undefined };

/**
 * Asks a service for JSON of a certain shape. What is not of that shape counts as no answer, is asked again, and never kept.
 * @throws UpstreamFailure
 */
export async function askJson<Schema extends z.ZodType>(
  http: HttpClient,
  { source, url, headers, schema }: JsonQuestion<Schema>,
  { deadline, signal, record, rules }: ResearchCall,
): Promise<JsonAnswer<z.output<Schema>>> {
  const answer = await http.get({
    source,
    url,
    headers: { accept: 'application/json', ...headers },
    maxBytes: MAX_BYTES,
    freshMs: DAY_MS,
    attempts: ATTEMPTS,
    deadline,
    lingerMs: 0,
    check: async kept => void parse(await kept.read(), schema, source),
    allow: sameOrigin(url, source, rules),
    record,
    signal,
  });
  if (answer.status !== 200) return { status: answer.status };
  return { status: 200, value: parse(await answer.read(), schema, source) };
}

function parse<Schema extends z.ZodType>(body: Buffer, schema: Schema, source: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')));
  } catch (error) {
    throw new UpstreamFailure('garbage', { source, cause: error });
  }
}
