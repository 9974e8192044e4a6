import { CLIENT_INFO_META_KEY, Server, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Config } from '../config.js';
import { firstChars } from '../lib/text.js';
import type { Host } from '../tools/tool.js';
import { tools } from '../tools/tools.js';
import { callTool } from './call-tool.js';
import { describeTool } from './describe-tool.js';
import { instructions } from './instructions.js';
import { offerPrompts } from './prompts.js';
import { RecentAnswers } from './recent-answers.js';
import { offerResources } from './resources.js';
import type { Session } from './session.js';

const PROGRESS_EVERY_MS = 10_000;
const LIST_TTL_MS = 3_600_000;

export interface ServerOptions {
  readonly session: Session;
  readonly host: Host;
  readonly config: Config;
  readonly version: string;
}

/** The MCP surface for one connection: tools, and the tasks as resources and as a prompt. */
export function createServer({ session, host, config, version }: ServerOptions): Server {
  const server = new Server(
    { name: 'mlrb', title: 'ML Research Benchmark', version },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} },
      instructions,
      cacheHints: {
        'tools/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        'prompts/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        'resources/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        'resources/templates/list': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
        'resources/read': { ttlMs: LIST_TTL_MS, cacheScope: 'public' },
      },
    },
  );
  let described: ReturnType<typeof describeTool>[] | undefined; // made when asked for: the handshake need not wait for it
  const recent = new RecentAnswers();
  server.setRequestHandler('tools/list', () => {
    described ??= tools.map(describeTool);
    return { tools: described };
  });
  server.setRequestHandler('tools/call', ({ params }, ctx) =>
    recent.once(ctx.mcpReq.id, JSON.stringify([params.name, params.arguments]), async () => {
      using progress = new ProgressTicker(ctx, params._meta?.progressToken);
      const call = {
        name: params.name,
        input: params.arguments ?? {},
        signal: ctx.mcpReq.signal,
        progress: (message: string) => progress.say(message),
        client: clientName(server, ctx),
        protocol: protocolOf(server),
      };
      return await session.seeThrough(callTool(call, session, host, config));
    }),
  );
  offerResources(server, host);
  offerPrompts(server, host);
  return server;
}

/** Tells a client that asked for progress that the call is alive. Nothing is sent after the answer. */
class ProgressTicker implements Disposable {
  #message = 'working';
  #ticks = 0;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(ctx: ServerContext, token: string | number | undefined) {
    if (token === undefined) return;
    this.#timer = setInterval(() => {
      this.#ticks += 1;
      const params = { progressToken: token, progress: this.#ticks, message: this.#message };
      void ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined);
    }, PROGRESS_EVERY_MS);
  }

  say(message: string): void {
    this.#message = firstChars(message, 200);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** From revision 2026-07-28 on every request may name its client; before, the opening of the connection does. */
const ClientInfo = z.object({ name: z.string(), version: z.string() });
const Envelope = z.looseObject({ [CLIENT_INFO_META_KEY]: ClientInfo });

function clientName(server: Server, { mcpReq }: ServerContext): string | null {
  const stated = Envelope.safeParse(mcpReq.envelope).data?.[CLIENT_INFO_META_KEY];
  const info = stated ?? server.getClientVersion();
  return info === undefined ? null : firstChars(`${info.name} ${info.version}`, 100);
}

function protocolOf(server: Server): string | null {
  return server.getNegotiatedProtocolVersion() ?? null;
}
