import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { MAIN } from './contestant.js';

export interface RawServer extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Every line that came out of standard output. */
  readonly lines: string[];
  send(message: unknown): void;
  /** The answer with this id; waits for it. */
  answer(id: number): Promise<Record<string, unknown>>;
  exit(): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** A server without a client library in front, to see what goes over the wire. Opens as a client of 2025-06-18. */
export async function startRawServer(home: string, env: Record<string, string> = {}): Promise<RawServer> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--home', home, '--as', 'tester'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH ?? '', HOME: home, ...env },
  });
  const lines: string[] = [];
  const waiting = new Map<number, (answer: Record<string, unknown>) => void>();
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line);
    const message = parse(line);
    if (typeof message?.id === 'number') waiting.get(message.id)?.(message);
  });
  const exited = once(child, 'exit');
  const server: RawServer = {
    process: child,
    lines,
    send: message => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...(message as object) })}\n`),
    answer: id =>
      new Promise(resolve => {
        const known = lines.map(parse).find(message => message?.id === id);
        if (known !== undefined) resolve(known);
        else waiting.set(id, resolve);
      }),
    exit: async () => {
      const [code, signal] = await exited;
      return { code, signal };
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  server.send({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  });
  await server.answer(0);
  server.send({ method: 'notifications/initialized' });
  return server;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
