import { once } from 'node:events';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Config } from '../config.js';
import type { Host } from '../tools/tool.js';
import { createServer } from './create-server.js';
import { Session } from './session.js';

/** A larger message ends the connection; the library's 10 MB would end it over a file that write_code could well take. */
const MAX_MESSAGE_BYTES = 64e6;

export interface ServeStdioOptions {
  readonly principal: string;
  readonly host: Host;
  readonly config: Config;
  readonly version: string;
  /** Aborts to close the server in order. */
  readonly signal: AbortSignal;
}

/**
 * Serves one client on standard input and output, in whichever revision it opens with. Resolves when the client has gone
 * (end of input) or the signal aborts. Jobs go on: they belong to the sandbox.
 */
export async function serveOnStdio({
  principal,
  host,
  config,
  version,
  signal,
}: ServeStdioOptions): Promise<void> {
  await using session = new Session(principal, host);
  const closed = new AbortController();
  process.stdout.on('error', () => closed.abort()); // the client went away without closing its end first
  process.stdin.once('end', () => closed.abort());
  process.stdin.once('close', () => closed.abort());
  const handle = serveStdio(() => createServer({ session, host, config, version }), {
    transport: new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES }),
    onerror: error => host.log.warn({ error }, 'a message of the client could not be served'),
  });
  const ended = AbortSignal.any([signal, closed.signal]);
  if (!ended.aborted) await once(ended, 'abort');
  await handle.close();
}
