import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a service answers. `endless` goes on with zeros for ever. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly endless?: boolean;
}

/** What can go wrong with a request, whatever it asks. */
export type Fault = 'throttled' | 'broken' | 'cut' | 'garbage' | 'error' | 'hang';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly at: number;
  /** Status, or the fault that it met. */
  outcome: string;
}

export interface LocalService extends AsyncDisposable {
  readonly url: string;
  /** Every request that came in. */
  readonly asked: Asked[];
  /** Decides for each request what goes wrong; nothing by default. */
  fault: (path: string) => Fault | undefined;
  /** Headers of an answer that says "too many requests". */
  throttleHeaders: Record<string, string>;
  readonly throttleBody: string;
}

export type Handle = (url: URL, request: IncomingMessage) => Reply | Promise<Reply>;

/** A service on this machine. Answers carry an ETag, and a request that knows it gets 304. */
export async function startService(
  makeHandle: (url: () => string) => Handle,
  throttleBody = '{}',
): Promise<LocalService> {
  const sockets = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    sockets.add(response);
    response.on('close', () => sockets.delete(response));
    void serve(request, response);
  });
  const handle = makeHandle(() => service.url);
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const asked: Asked = { path, headers: request.headers, at: Date.now(), outcome: '' };
    service.asked.push(asked);
    const fault = service.fault(path);
    if (fault !== undefined) {
      asked.outcome = fault;
      fail(fault, response, service);
      return;
    }
    const reply = await handle(new URL(path, service.url), request);
    const etag = `"${createHash('sha256')
      .update(reply.body ?? '')
      .digest('hex')
      .slice(0, 16)}"`;
    if (reply.status === 200 && request.headers['if-none-match'] === etag) {
      asked.outcome = '304';
      response.writeHead(304, { etag }).end();
      return;
    }
    asked.outcome = String(reply.status);
    response.writeHead(reply.status, { ...(reply.status === 200 ? { etag } : {}), ...reply.headers });
    if (reply.endless === true) pour(response);
    else response.end(reply.body);
  }
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const service: LocalService = {
    url: `http://127.0.0.1:${port}`,
    asked: [],
    fault: () => undefined,
    throttleHeaders: {},
    throttleBody,
    async [Symbol.asyncDispose]() {
      for (const response of sockets) response.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    },
  };
  return service;
}

function fail(fault: Fault, response: ServerResponse, { throttleHeaders, throttleBody }: LocalService): void {
  switch (fault) {
    case 'throttled':
      response.writeHead(429, { 'content-type': 'application/json', ...throttleHeaders }).end(throttleBody);
      return;
    case 'broken':
      response.destroy();
      return;
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"half": ', () => response.destroy());
      return;
    case 'garbage':
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<html><body>Bad gateway, sort of</body></html>');
      return;
    case 'error':
      response.writeHead(502, { 'content-type': 'text/html' }).end('<html>502</html>');
      return;
    case 'hang':
      return;
  }
}

/** Writes until the client has had enough. */
function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(1 << 16, 0x20);
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

export function json(value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  };
}
