import { Client } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { z } from 'zod';
import { ConfigError } from '../errors.js';
import { orAbort } from '../lib/time-limit.js';

/** A call may freeze and hash a large submission before it answers. */
const CALL_TIMEOUT_MS = 600_000;
const STDERR_CHARS = 2000;

/** The command that starts an MCP server on standard input and output. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables that it gets besides the few that are safe to hand to any server. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface ConnectOptions {
  /** How the client names itself to the server. */
  readonly name: string;
  readonly version: string;
  /** On abort, calls under way reject with the signal's reason. */
  readonly signal: AbortSignal;
}

/** The server refused a call. The message is the server's sentence on what to do next. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
  readonly tool: string;

  constructor(tool: string, sentence: string) {
    super(sentence);
    this.tool = tool;
  }
}

/** An MCP client as a contestant has it: it calls tools and knows nothing else. Disposing ends the server process. */
export interface Contestant extends AsyncDisposable {
  /**
   * Calls a tool and reads its structured answer.
   * @throws ToolRefusal if the server refuses, ConfigError if the answer is not of the shape asked for.
   */
  call<Schema extends z.ZodType>(
    tool: string,
    args: Readonly<Record<string, unknown>>,
    answer: Schema,
  ): Promise<z.output<Schema>>;
}

/**
 * Starts a server and connects to it, in the newest protocol revision that both speak.
 * @throws ConfigError if the server does not start or does not speak MCP.
 */
export async function connect(
  { command, args, env = {} }: ServerCommand,
  { name, version, signal }: ConnectOptions,
): Promise<Contestant> {
  signal.throwIfAborted();
  const transport = closedForAll(
    new StdioClientTransport({
      command,
      args: [...args],
      env: { ...getDefaultEnvironment(), ...defined(env) },
      stderr: 'pipe',
    }),
  );
  let said = '';
  transport.stderr?.on('data', chunk => {
    said = `${said}${chunk}`.slice(-STDERR_CHARS);
  });
  const client = new Client({ name, version }, { versionNegotiation: { mode: 'auto' } });
  try {
    await orAbort(client.connect(transport, { signal }), signal);
  } catch (error) {
    await transport.close().catch(() => undefined);
    signal.throwIfAborted();
    throw new ConfigError(`The server did not start. ${lastLine(said)}`.trimEnd(), { cause: error });
  }
  return {
    async call(tool, callArguments, answer) {
      const result = await client.callTool(
        { name: tool, arguments: { ...callArguments } },
        { signal, timeout: CALL_TIMEOUT_MS },
      );
      if (result.isError === true) throw new ToolRefusal(tool, textOf(result.content));
      const parsed = answer.safeParse(result.structuredContent);
      if (parsed.success) return parsed.data;
      throw new ConfigError(`The server answered ${tool} in a form that this client does not know.`, {
        cause: parsed.error,
      });
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

/** The library ends a connection that failed without waiting for the server's end, and whoever closes after it would not wait either. */
function closedForAll(transport: StdioClientTransport): StdioClientTransport {
  const close = transport.close.bind(transport);
  let closing: Promise<void> | undefined;
  transport.close = () => {
    closing ??= close();
    return closing;
  };
  return transport;
}

function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const set = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(set);
}

function textOf(content: readonly { readonly type: string; readonly text?: unknown }[]): string {
  return content.flatMap(part => (typeof part.text === 'string' ? [part.text] : [])).join('\n');
}

function lastLine(text: string): string {
  const line = text.trim().split('\n').at(-1) ?? '';
  return line === '' ? 'It said nothing: run `mlrb doctor`.' : `Its last words: ${line}`;
}
