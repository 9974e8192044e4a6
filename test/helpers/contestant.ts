import { join } from 'node:path';
import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as LegacyStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

export const MAIN = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');

const Answer = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
});

/** What a contestant sees of a call. */
export interface Seen {
  readonly text: string;
  readonly data: Record<string, unknown>;
  readonly isError: boolean;
}

export interface CallSettings {
  /** The client gives up after this long. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A client that is connected to a server of its own over stdio. */
export interface Contestant extends AsyncDisposable {
  readonly pid: number;
  readonly client: ModernClient | LegacyClient;
  call(tool: string, input?: Record<string, unknown>, settings?: CallSettings): Promise<Seen>;
  /** The same, and fails the test if the answer is an error. */
  ok(tool: string, input?: Record<string, unknown>, settings?: CallSettings): Promise<Seen>;
  close(): Promise<void>;
}

export const CLIENTS = ['v2 client, 2026-07-28', 'v2 client, 2025-11-25', 'v1 client, 2025-11-25'] as const;
export type ClientKind = (typeof CLIENTS)[number];

export interface ConnectOptions {
  readonly home: string;
  readonly kind?: ClientKind;
  readonly principal?: string;
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  /** A program and its arguments that the server is started by. */
  readonly by?: readonly string[];
}

/** Starts `mlrb serve` and connects a real client to it. */
export async function connect(options: ConnectOptions): Promise<Contestant> {
  const { home, kind = CLIENTS[0], principal = 'tester', env = {}, flags = [], by = [] } = options;
  const [command, ...args] = [
    ...by,
    process.execPath,
    MAIN,
    'serve',
    '--home',
    home,
    '--as',
    principal,
    ...flags,
  ];
  const server = {
    command: command ?? process.execPath,
    args,
    stderr: 'ignore' as const,
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
  };
  return kind === 'v1 client, 2025-11-25' ? connectLegacy(server) : connectModern(server, kind);
}

type ServerCommand = ConstructorParameters<typeof ModernStdio>[0];

async function connectModern(server: ServerCommand, kind: ClientKind): Promise<Contestant> {
  const transport = new ModernStdio(server);
  const mode = kind === CLIENTS[0] ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new ModernClient({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  return contestant(client, transport.pid, (name, input, { timeoutMs, signal }) =>
    client.callTool(
      { name, arguments: input },
      {
        ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
        ...(signal === undefined ? {} : { signal }),
      },
    ),
  );
}

async function connectLegacy({ stderr: _, ...server }: ServerCommand): Promise<Contestant> {
  const transport = new LegacyStdio({ ...server, stderr: 'ignore' });
  const client = new LegacyClient({ name: 'test', version: '1' });
  await client.connect(transport);
  return contestant(client, transport.pid, (name, input, { timeoutMs, signal }) =>
    client.callTool({ name, arguments: input }, undefined, {
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    }),
  );
}

type Send = (tool: string, input: Record<string, unknown>, settings: CallSettings) => Promise<unknown>;

function contestant(client: ModernClient | LegacyClient, pid: number | null, send: Send): Contestant {
  if (pid === null) throw new Error('the server has no process');
  const call: Contestant['call'] = async (tool, input = {}, settings = {}) => {
    const answer = Answer.parse(await send(tool, input, settings));
    const text = answer.content.map(part => part.text ?? '').join('\n');
    return { text, data: answer.structuredContent ?? {}, isError: answer.isError === true };
  };
  return {
    pid,
    client,
    call,
    async ok(tool, input, settings) {
      const seen = await call(tool, input, settings);
      if (seen.isError) throw new Error(`${tool} answered with an error: ${seen.text}`);
      return seen;
    },
    close: () => client.close(),
    [Symbol.asyncDispose]: () => client.close(),
  };
}
