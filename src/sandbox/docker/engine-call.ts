import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** One call of the engine's HTTP interface. */
export interface EngineCall {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** From the root, each part encoded. */
  readonly path: string;
  /** Objects go as JSON: so the engine wants its filters. */
  readonly query?: Readonly<Record<string, string | number | boolean | object>>;
  readonly body?: object;
}

/** The engine answered, and would not. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  /** HTTP's. */
  readonly statusCode: number;

  constructor(statusCode: number, reason: string) {
    super(reason);
    this.statusCode = statusCode;
  }
}

/** It took the call, and stayed silent. */
export class EngineSilence extends Error {
  override readonly name = 'EngineSilence';
}

/** The engine is silent for this long only when it hangs. Making a container takes a fraction of a second. */
export const ENGINE_TIMEOUT_MS = 60_000;

/**
 * The body of the engine's answer. Each call has a connection of its own: one that is kept breaks when the engine starts anew.
 * @throws EngineRefusal; EngineSilence after `timeoutMs` without a word; the system's error where the engine cannot be reached or hangs up.
 */
export async function callEngine(
  socketPath: string,
  { method = 'GET', path, query = {}, body }: EngineCall,
  timeoutMs: number = ENGINE_TIMEOUT_MS,
): Promise<Buffer> {
  const { request } = await import('node:http'); // not before the first call: a handshake does without
  const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const headers =
    sent === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': sent.length };
  const asked = request({ socketPath, method, path: withQuery(path, query), headers, agent: false });
  asked.setTimeout(timeoutMs, () => asked.destroy(new EngineSilence(`not a word for ${timeoutMs} ms`)));
  asked.on('error', () => undefined); // it rejects what waits: the answer or, later, its body
  asked.end(sent);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const data = await buffer(response);
  const status = response.statusCode ?? 0;
  if (status >= 400) throw new EngineRefusal(status, reasonIn(data));
  return data;
}

function withQuery(path: string, query: NonNullable<EngineCall['query']>): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    pairs.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  return pairs.size === 0 ? path : `${path}?${pairs}`;
}

function reasonIn(data: Buffer): string {
  const text = data.toString('utf8');
  try {
    return String(JSON.parse(text).message ?? text);
  } catch {
    return text;
  }
}
