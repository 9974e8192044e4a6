import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { loadConfig } from '../../src/config.js';
import { createLogger } from '../../src/logger.js';
import { RunStore } from '../../src/runs/run-store.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import { createServer } from '../../src/server/create-server.js';
import { Session } from '../../src/server/session.js';
import type { Budget } from '../../src/tasks/task.js';
import { tasks } from '../../src/tasks/tasks.js';
import type { Host } from '../../src/tools/tool.js';
import type { CallSettings } from './contestant.js';

export interface InProcess extends AsyncDisposable {
  readonly host: Host;
  readonly runs: RunStore;
  /** Runs whose evaluation was asked for. */
  readonly evaluations: string[];
  call(
    tool: string,
    input?: Record<string, unknown>,
    settings?: CallSettings,
  ): Promise<{ text: string; data: Record<string, unknown>; isError: boolean }>;
}

/**
 * A server in this process with the real sandbox and run store, for what a test cannot wait for: a task with another
 * budget. Asking for an evaluation is only written down.
 */
export async function inProcess(
  home: string,
  budget: Partial<Budget>,
  parts: Partial<Host> = {},
  flags: Readonly<Record<string, string>> = {},
): Promise<InProcess> {
  const runs = new RunStore(home);
  const evaluations: string[] = [];
  const known = tasks.map(folder => ({
    ...folder,
    task: { ...folder.task, budget: { ...folder.task.budget, ...budget } },
  }));
  const host: Host = {
    tasks: known,
    offered: known,
    runs,
    backend: new LocalBackend({ python: async () => 'python3' }),
    startEvaluation: async runId => {
      evaluations.push(runId);
    },
    checkReady: async () => undefined,
    research: async () => {
      throw new Error('no test in this process looks anything up');
    },
    trainingData: async () => null,
    log: createLogger('silent'),
    ...parts,
  };
  const config = loadConfig({ flags: { home, ...flags }, env: {} });
  const session = new Session('tester', host);
  const [here, there] = InMemoryTransport.createLinkedPair();
  const server = createServer({ session, host, config, version: 'test' });
  await server.connect(there);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
  return {
    host,
    runs,
    evaluations,
    async call(tool, input = {}, { timeoutMs } = {}) {
      const answer = await client.callTool(
        { name: tool, arguments: input },
        timeoutMs === undefined ? {} : { timeout: timeoutMs },
      );
      const text = answer.content.map(part => (part.type === 'text' ? part.text : '')).join('\n');
      return {
        text,
        data: { ...(answer.structuredContent as Record<string, unknown> | undefined) },
        isError: answer.isError === true,
      };
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await session[Symbol.asyncDispose]();
    },
  };
}
