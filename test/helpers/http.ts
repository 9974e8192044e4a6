import { HttpClient, type HttpClientOptions } from '../../src/tools/support/http/http-client.js';
import type { HttpAnswer, HttpRequest, RequestRecord } from '../../src/tools/support/http/http-request.js';
import { FAST_PACES } from './research.js';

export interface TestClient extends AsyncDisposable {
  readonly client: HttpClient;
  readonly records: RequestRecord[];
  get(path: string, changes?: Partial<HttpRequest>): Promise<HttpAnswer>;
}

/** A client for a service on this machine; paths are below its address. */
export function makeClient(
  folder: string,
  base: string,
  options: Partial<HttpClientOptions> = {},
): TestClient {
  const client = new HttpClient({
    folder,
    cacheBytes: 1e9,
    paces: FAST_PACES,
    userAgent: 'test',
    proxy: '',
    noProxy: '',
    trustedOrigins: [new URL(base).origin],
    ...options,
  });
  const records: RequestRecord[] = [];
  return {
    client,
    records,
    get: (path, changes = {}) =>
      client.get({
        source: 'pdf',
        url: new URL(path, base).href,
        headers: {},
        maxBytes: 1_000_000,
        freshMs: 60_000,
        attempts: 3,
        deadline: Date.now() + 5000,
        lingerMs: 0,
        allow: () => undefined,
        record: record => records.push(record),
        signal: new AbortController().signal,
        ...changes,
      }),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
