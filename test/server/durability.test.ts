import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

describe('a run', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;

  beforeEach(async () => {
    home = await makeHome();
  });

  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  test('goes on where it was after the server was killed in the middle of a call', async () => {
    const first = await connect({ home: home.path });
    const { data: run } = await first.ok('start_run', { task_id: 'mini_baby_lm' });
    await first.ok('thought', { thought: 'recorded before the kill' });
    const { data: job } = await first.ok('run_bash', {
      script: 'for i in 1 2 3; do echo $i; sleep 0.1; done; until [ -e go ]; do sleep 0.05; done; echo 4',
      wait_s: 0,
    });
    const pending = first.call('job_wait', { job_id: job.job_id, wait_s: 40 }).catch(() => 'lost');
    process.kill(first.pid, 'SIGKILL');
    expect(await pending).toBe('lost');

    await using second = await connect({ home: home.path });
    const status = await second.ok('run_status');
    expect(status.data).toMatchObject({ run_id: run.run_id, state: 'running', running_jobs: [job.job_id] });
    const deadline = Date.parse(String(run.deadline_at));
    expect(Math.abs(Number(status.data.time_left_s) - (deadline - Date.now()) / 1000)).toBeLessThan(5);
    await second.ok('run_bash', { script: 'touch go' });
    const ended = await second.ok('job_wait', { job_id: job.job_id, cursor: 0, wait_s: 40 });
    expect(ended.data).toMatchObject({ state: 'exited', output: '1\n2\n3\n4' });

    const { events, damagedLines } = await new RunStore(home.path).readTrace(String(run.run_id));
    expect(damagedLines).toBe(0);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'tool_call', input: { thought: 'recorded before the kill' } }),
    );
  });

  test('loses no answered event when the server is killed at random moments', async () => {
    const answered: string[] = [];
    const first = await connect({ home: home.path });
    const { data: run } = await first.ok('start_run', { task_id: 'mini_baby_lm' });
    await first.close();
    for (let round = 0; round < 5; round += 1) {
      const server = await connect({ home: home.path });
      for (let n = 0; n < 10; n += 1) {
        await server.ok('thought', { thought: `${round}-${n}` });
        answered.push(`${round}-${n}`);
      }
      const last = server.call('thought', { thought: `${round}-last` }).catch(() => undefined);
      await sleep(round); // somewhere in the middle of the call
      process.kill(server.pid, 'SIGKILL');
      if ((await last) !== undefined) answered.push(`${round}-last`);
    }
    const { events } = await new RunStore(home.path).readTrace(String(run.run_id));
    const recorded = events.flatMap(event => (event.type === 'tool_call' ? [event.input] : []));
    expect(answered.length).toBeGreaterThanOrEqual(50);
    for (const thought of answered) expect(recorded).toContainEqual({ thought });
  });

  test('is served by several processes at once', async () => {
    await using one = await connect({ home: home.path });
    const { data: run } = await one.ok('start_run', { task_id: 'mini_baby_lm' });
    await using two = await connect({ home: home.path, kind: 'v1 client, 2025-11-25' });
    await using three = await connect({ home: home.path });
    const { data: job } = await one.ok('run_bash', { script: 'sleep 0.5; echo done', wait_s: 0 });
    const seen = await Promise.all(
      [one, two, three].map(server => server.ok('job_wait', { job_id: job.job_id, wait_s: 20 })),
    );
    for (const { data } of seen) expect(data).toMatchObject({ state: 'exited', output: 'done' });
    const notes = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(
      notes.map((note, n) => ([one, two, three][n % 3] ?? one).ok('thought', { thought: note })),
    );
    const { events, damagedLines } = await new RunStore(home.path).readTrace(String(run.run_id));
    expect(damagedLines).toBe(0);
    expect(events.filter(event => event.type === 'tool_call' && event.tool === 'thought')).toHaveLength(
      notes.length,
    );
  });

  test('is carried through by a client that starts a process for every call', async () => {
    async function once(tool: string, input: Record<string, unknown> = {}) {
      await using server = await connect({ home: home.path, kind: 'v1 client, 2025-11-25' });
      return await server.ok(tool, input);
    }
    await once('list_tasks');
    await once('start_run', { task_id: 'mini_baby_lm' });
    await once('write_code', { path: 'a.py', code: 'print(6 * 7)' });
    expect((await once('run_python', { filepath: 'a.py' })).data.output).toBe('42');
    expect((await once('submit_model', { model_path: 'example_submission' })).data.accepted).toBe(true);
    for (let asked = 0; asked < 8; asked += 1) {
      const { data } = await once('get_result', { wait_s: 40 });
      if (data.outcome === undefined) continue;
      expect(data.outcome).toBe('valid');
      return;
    }
    throw new Error('no outcome');
  }, 300_000);

  test('whose evaluation is killed halfway is evaluated again by whoever asks for the result', async () => {
    await using me = await connect({ home: home.path });
    const { data: run } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await me.ok('submit_model', { model_path: 'example_submission' });
    const { evaluation } = new RunStore(home.path).folder(String(run.run_id));
    const until = async (step: RegExp): Promise<void> => {
      for (;;) {
        const { data } = await me.ok('get_result', { wait_s: 0 });
        if (step.test(JSON.stringify(data.evaluation ?? ''))) return;
        await sleep(100);
      }
    };
    await until(/scoring/);
    const [pid] = await readdir(join(evaluation, 'processes'));
    process.kill(Number(pid), 'SIGKILL');
    let seen = await me.ok('get_result', { wait_s: 5 });
    while (seen.data.outcome === undefined) seen = await me.ok('get_result', { wait_s: 5 });
    expect(seen.data).toMatchObject({ state: 'evaluated', outcome: 'valid' });
    expect(await new RunStore(home.path).readEvaluation(String(run.run_id))).toMatchObject({
      state: 'done',
      starts: 2,
    });
  }, 240_000);

  test('belongs to its principal alone', async () => {
    await using mine = await connect({ home: home.path, principal: 'me' });
    const { data: run } = await mine.ok('start_run', { task_id: 'mini_baby_lm' });
    await using other = await connect({ home: home.path, principal: 'other' });
    expect((await other.call('run_bash', { script: 'true' })).text).toContain('No run has been started');
    await other.ok('start_run', { task_id: 'mini_baby_lm' });
    const peek = await other.call('run_status', { run_id: run.run_id });
    expect(peek.isError).toBe(true);
    expect(peek.text).toContain('You have no run');
  });

  test('a client that gives up after 2 s finds its job named, and is answered sooner from then on', async () => {
    await using me = await connect({ home: home.path });
    await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await expect(me.call('run_bash', { script: 'sleep 300' }, { timeoutMs: 2000 })).rejects.toThrow();
    const next = await me.ok('run_bash', { script: 'sleep 301' }, { timeoutMs: 2000 });
    const { running_jobs, notice, job_id } = next.data;
    expect(running_jobs).toHaveLength(2);
    const lost = (running_jobs as string[]).find(id => id !== job_id);
    expect(notice).toContain(lost);
    expect(next.text).toContain(lost);
    await me.ok('job_cancel', { job_id: lost });
  });

  test('whose folder was removed by hand is named, and another can be started', async () => {
    await using me = await connect({ home: home.path });
    const { data: run } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await endAllRuns(home.path);
    await rm(new RunStore(home.path).folder(String(run.run_id)).root, { recursive: true });
    const seen = await me.call('run_bash', { script: 'true' });
    expect(seen.isError).toBe(true);
    expect(seen.text).toMatch(
      new RegExp(`There is no run "${run.run_id}".* call start_run to begin another\\.`),
    );
    await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await me.ok('run_bash', { script: 'true' });
  });

  test('whose record was damaged by hand says so, and another can be started by another principal', async () => {
    const first = await connect({ home: home.path });
    const { data: run } = await first.ok('start_run', { task_id: 'mini_baby_lm' });
    await first.close();
    const record = new RunStore(home.path).folder(String(run.run_id)).record;
    const { writeFile } = await import('node:fs/promises');
    const whole = await readFile(record, 'utf8');
    await writeFile(record, whole.slice(0, 40));
    await using second = await connect({ home: home.path });
    const seen = await second.call('run_status');
    expect(seen.isError).toBe(true);
    expect(seen.text).toContain(`${join('runs', String(run.run_id), 'run.json')} is damaged`);
    expect(seen.text).toContain('Tell the operator, or call start_run to begin another.');
    await second.ok('list_tasks');
    await using other = await connect({ home: home.path, principal: 'other' });
    await other.ok('start_run', { task_id: 'mini_baby_lm' });
    await writeFile(record, whole);
    expect((await second.ok('run_status')).data.state).toBe('running');
    await writeFile(record, 'gone');
    const { data: next } = await second.ok('start_run', { task_id: 'mini_baby_lm' });
    const { events } = await new RunStore(home.path).readTrace(String(next.run_id));
    expect(events).toContainEqual(expect.objectContaining({ type: 'tool_call', tool: 'start_run' }));
  });
});
