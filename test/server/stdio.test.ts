import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { stopEvaluationProcess } from '../../src/cli/evaluation-process.js';
import { isOver } from '../../src/runs/run.js';
import { RunStore } from '../../src/runs/run-store.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { type RawServer, startRawServer } from '../helpers/raw-server.js';
import { endAllRuns } from '../helpers/runs.js';

describe('the server on standard input and output', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let server: RawServer;

  beforeEach(async () => {
    home = await makeHome();
    server = await startRawServer(home.path, {
      ANTHROPIC_API_KEY: 'sk-canary-7d1f',
      HF_TOKEN: 'hf-canary-7d1f',
    });
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  async function call(id: number, name: string, input: Record<string, unknown> = {}) {
    server.send({ id, method: 'tools/call', params: { name, arguments: input } });
    const { result } = await server.answer(id);
    return result as {
      isError?: boolean;
      content: { text: string }[];
      structuredContent: Record<string, unknown>;
    };
  }

  test('writes JSON-RPC messages and nothing else to standard output', async () => {
    server.send('not even an object');
    server.process.stdin?.write('this is no JSON\n\n{"half": \n');
    await call(1, 'list_tasks');
    await call(2, 'start_run', { task_id: 'mini_baby_lm' });
    await call(3, 'run_bash', { script: 'echo to stdout; echo to stderr >&2' });
    await call(4, 'no_such_tool');
    for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
  });

  test('a request that arrives twice runs once and is answered twice', async () => {
    await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    const request = {
      id: 2,
      method: 'tools/call',
      params: { name: 'run_bash', arguments: { script: 'echo once >> count; sleep 0.5; cat count' } },
    };
    server.send(request);
    server.send(request);
    const first = await server.answer(2);
    const { structuredContent } = await call(3, 'run_bash', { script: 'cat count' });
    expect(structuredContent.output).toBe('once');
    server.send(request);
    await call(4, 'list_tasks');
    const answers = server.lines.map(line => JSON.parse(line)).filter(({ id }) => id === 2);
    expect(answers).toEqual([first, first, first]);
  });

  test('tells a client that asked for progress that a call is alive, until it is answered', async () => {
    await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    server.send({
      id: 2,
      method: 'tools/call',
      params: {
        name: 'run_bash',
        arguments: { script: 'sleep 11', wait_s: 15 },
        _meta: { progressToken: 'token' },
      },
    });
    await server.answer(2);
    const told = server.lines.map(line => JSON.parse(line)).slice(-2);
    expect(told).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 'token', progress: 1, message: 'working' },
      },
      expect.objectContaining({ id: 2 }),
    ]);
  }, 40_000);

  test("the server's environment stays out of the sandbox", async () => {
    await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    const { structuredContent } = await call(2, 'run_bash', { script: 'env' });
    expect(structuredContent.output).not.toContain('canary');
    expect(structuredContent.output).not.toContain('ANTHROPIC');
    expect(structuredContent.output).toContain('HOME=');
  });

  test.each(['end of input', 'SIGTERM', 'SIGINT'] as const)(
    'closes in order on %s and leaves jobs running',
    async how => {
      await call(1, 'start_run', { task_id: 'mini_baby_lm' });
      const { structuredContent } = await call(2, 'run_bash', {
        script: 'sleep 1; echo survived > proof',
        wait_s: 0,
      });
      if (how === 'end of input') server.process.stdin?.end();
      else server.process.kill(how);
      expect(await server.exit()).toEqual({ code: 0, signal: null });
      await using later = await connect({ home: home.path });
      const ended = await later.ok('job_wait', { job_id: structuredContent.job_id, wait_s: 30 });
      expect(ended.data).toMatchObject({ state: 'exited', exit_code: 0 });
      expect((await later.ok('read_code', { path: 'proof' })).data.content).toBe('1\tsurvived');
    },
  );

  test.each(['end of input', 'SIGTERM'] as const)('finishes a submission under way on %s', async how => {
    const { structuredContent } = await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    const runs = new RunStore(home.path);
    const runId = String(structuredContent.run_id);
    server.send({
      id: 2,
      method: 'tools/call',
      params: { name: 'submit_model', arguments: { model_path: 'example_submission' } },
    });
    await vi.waitUntil(async () => isOver(await runs.read(runId)), { timeout: 30_000, interval: 1 });
    if (how === 'end of input') server.process.stdin?.end();
    else server.process.kill(how);
    expect(await server.exit()).toEqual({ code: 0, signal: null });
    expect(await runs.read(runId)).toMatchObject({ state: 'submitted' });
    const { events } = await runs.readTrace(runId);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'tool_answer', tool: 'submit_model', ok: true }),
    );
    await stopEvaluationProcess(runId, runs);
  });

  test('a client that goes while it waits is no fault of the server', async () => {
    const { structuredContent } = await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    server.send({
      id: 2,
      method: 'tools/call',
      params: { name: 'run_bash', arguments: { script: 'touch begun; sleep 600' } },
    });
    const begun = join(String(structuredContent.workspace), 'begun');
    await vi.waitUntil(() => existsSync(begun), { timeout: 30_000 });
    server.process.stdin?.end();
    expect(await server.exit()).toEqual({ code: 0, signal: null });
    const { events } = await new RunStore(home.path).readTrace(String(structuredContent.run_id));
    expect(events.at(-1)).toMatchObject({
      type: 'tool_answer',
      tool: 'run_bash',
      ok: false,
      error: 'given_up',
    });
  });

  test('a lone surrogate in the input leaves the answer well-formed', async () => {
    await call(1, 'start_run', { task_id: 'mini_baby_lm' });
    await call(2, 'scratchpad', { action: 'write', note: 'half \ud83d of an emoji' });
    const seen = await call(3, 'scratchpad', { action: 'read' });
    expect(String(seen.structuredContent.notes).isWellFormed()).toBe(true);
    expect(seen.content[0]?.text.isWellFormed()).toBe(true);
  });
});
