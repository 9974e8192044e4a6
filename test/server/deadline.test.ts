import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

const SECONDS = 4;
const budget = { wall_clock_min: SECONDS / 60 };

describe('at the deadline', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;

  beforeEach(async () => {
    home = await makeHome();
  });

  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  test('a call in the middle is answered at once, everything is ended, and with nothing to hand in the run is expired', async () => {
    await using server = await inProcess(home.path, budget);
    const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
    const beat = join(String(data.workspace), 'beat');
    const seen = await server.call('run_bash', {
      script: `(setsid bash -c 'while :; do date +%s%N > ${beat}; sleep 0.05; done' &); sleep 600`,
      wait_s: 40,
    });
    expect(seen.text).toMatch(/was ended by the deadline/);
    expect(seen.data.notice).toMatch(
      /The time of run run_\w+ is up and nothing was handed in. Call start_run/,
    );
    expect((await server.call('get_result')).data).toMatchObject({ state: 'expired', outcome: 'expired' });
    const last = await readFile(beat, 'utf8');
    await sleep(300);
    expect(await readFile(beat, 'utf8')).toBe(last);
    expect((await server.call('run_bash', { script: 'true' })).text).toContain('is up');
  });

  test('what lies in submission/ is handed in and marked', async () => {
    await using server = await inProcess(home.path, budget);
    const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
    const workspace = String(data.workspace);
    await cp(join(workspace, 'example_submission'), join(workspace, 'submission'), { recursive: true });
    await untilOver(server);
    const run = await server.runs.read(String(data.run_id));
    expect(run).toMatchObject({
      state: 'submitted',
      submission: { at_deadline: true, model_path: 'submission' },
    });
    expect(server.evaluations).toEqual([data.run_id]);
    expect(existsSync(join(server.runs.folder(run.run_id).submission, 'model.safetensors'))).toBe(true);
    expect((await server.call('run_bash', { script: 'true' })).text).toContain(
      'was handed in. Call get_result',
    );
  });

  test('a broken submission is invalid with its reasons, not lost', async () => {
    await using server = await inProcess(home.path, budget);
    await server.call('start_run', { task_id: 'mini_baby_lm' });
    await server.call('write_code', { path: 'submission/pytorch_model.bin', code: 'x' });
    await untilOver(server);
    const result = await server.call('get_result');
    expect(result.data).toMatchObject({ state: 'evaluated', outcome: 'invalid' });
    expect(JSON.stringify(result.data.findings)).toContain('pytorch_model.bin');
  });

  test('the next server settles a run whose time ran out while none was alive', async () => {
    const first = await inProcess(home.path, budget);
    const { data } = await first.call('start_run', { task_id: 'mini_baby_lm' });
    await first[Symbol.asyncDispose]();
    await sleep(SECONDS * 1000 + 300);
    await using second = await inProcess(home.path, budget);
    expect((await second.runs.read(String(data.run_id))).state).toBe('running');
    expect((await second.call('run_status')).data).toMatchObject({ run_id: data.run_id, state: 'expired' });
    await second.call('start_run', { task_id: 'mini_baby_lm' });
  });
});

async function untilOver(server: {
  call(tool: string): Promise<{ data: Record<string, unknown> }>;
}): Promise<void> {
  for (;;) {
    const { data } = await server.call('run_status');
    if (data.state !== 'running') return;
    await sleep(200);
  }
}
