import { once } from 'node:events';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { stopEvaluationProcess } from '../../src/cli/evaluation-process.js';
import { cleanUp } from '../../src/cli/leftovers.js';
import { loadConfig } from '../../src/config.js';
import { hashSubmission } from '../../src/runs/intake/hash-submission.js';
import type { Run } from '../../src/runs/run.js';
import { RunStore } from '../../src/runs/run-store.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import type { RunPlace } from '../../src/sandbox/sandbox.js';
import { cancelRun } from '../../src/tools/support/close-run.js';
import { mlrb } from '../cli/mlrb.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { type InProcess, inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';
import { growPositions } from '../runs/intake/model-folder.js';

/** Where a server can die: each is the first thing of its kind that a hand-in does, and dies by throwing. */
class DiesBeforeEnding extends LocalBackend {
  override destroy(): Promise<null> {
    return Promise.reject(new Error('killed'));
  }
}
class DiesAfterEnding extends LocalBackend {
  override async destroy(run: RunPlace): Promise<null> {
    await super.destroy(run);
    throw new Error('killed');
  }
}
class DiesAfterFreezing extends RunStore {
  override writeEvaluation(): Promise<void> {
    return Promise.reject(new Error('killed'));
  }
}
class DiesBeforeTheRecord extends RunStore {
  override step(...args: Parameters<RunStore['step']>): Promise<Run> {
    return args[1] === 'submitted' ? Promise.reject(new Error('killed')) : super.step(...args);
  }
}

const python = async () => 'python3';
const DEATHS = {
  'before the sandbox was ended': () => ({ backend: new DiesBeforeEnding({ python }) }),
  'after the sandbox was ended': () => ({ backend: new DiesAfterEnding({ python }) }),
  'after the files were frozen': (home: string) => ({ runs: new DiesAfterFreezing(home) }),
  'before the record was written': (home: string) => ({ runs: new DiesBeforeTheRecord(home) }),
};

const SUBMISSION = { model_path: 'deep/er/model', claimed_metric: 'blimp 0.6', note: 'two epochs' };

describe('a hand-in', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;

  beforeEach(async () => {
    home = await makeHome();
  });

  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  /** A run whose server died while the model was handed in. */
  async function cutOff(death: keyof typeof DEATHS, budget = {}): Promise<string> {
    await using server = await inProcess(home.path, budget, DEATHS[death](home.path));
    const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
    const workspace = String(data.workspace);
    await mkdir(join(workspace, 'deep', 'er'), { recursive: true });
    await rename(join(workspace, 'example_submission'), join(workspace, SUBMISSION.model_path));
    const seen = await server.call('submit_model', SUBMISSION);
    expect(seen.isError).toBe(true);
    expect(await server.runs.read(String(data.run_id))).toMatchObject({ state: 'running', submission: null });
    expect(server.evaluations).toEqual([]);
    return String(data.run_id);
  }

  async function expectHandedIn(server: InProcess, runId: string): Promise<void> {
    const run = await server.runs.read(runId);
    expect(run).toMatchObject({ state: 'submitted', submission: { ...SUBMISSION, at_deadline: false } });
    const { submission, root, workspace } = server.runs.folder(runId);
    expect(await hashSubmission(submission)).toBe(run.submission?.digest);
    expect(await hashSubmission(join(workspace, SUBMISSION.model_path))).toBe(run.submission?.digest);
    expect((await readdir(root)).filter(name => name.includes('partial'))).toEqual([]);
    expect(await server.runs.readEvaluation(runId)).toMatchObject({ state: 'queued' });
    expect(server.evaluations).toEqual([runId]);
    const { events } = await server.runs.readTrace(runId);
    expect(events.filter(event => event.type === 'run_state' && event.to === 'submitted')).toHaveLength(1);
  }

  test.each(Object.keys(DEATHS) as (keyof typeof DEATHS)[])(
    'that was cut off %s is finished by the next call',
    async death => {
      const runId = await cutOff(death);
      await using next = await inProcess(home.path, {});
      const status = await next.call('run_status');
      expect(status.data).toMatchObject({ run_id: runId, state: 'submitted' });
      expect(status.text).toContain('The run is over');
      await expectHandedIn(next, runId);
    },
  );

  test.each([
    ['run_bash', { script: 'true' }, /is over \(submitted\)\. Call get_result/],
    ['list_tasks', {}, /mini_baby_lm/],
    ['get_result', { wait_s: 0 }, /is being scored/],
    ['start_run', { task_id: 'mini_baby_lm' }, /has begun/],
  ])(
    'that was cut off is finished by %s, which answers as after a submission',
    async (tool, input, answer) => {
      const runId = await cutOff('after the sandbox was ended');
      await using next = await inProcess(home.path, {});
      expect((await next.call(tool, input)).text).toMatch(answer);
      await expectHandedIn(next, runId);
    },
  );

  test('that is repeated gives the same answer, whatever is named the second time', async () => {
    const runId = await cutOff('after the sandbox was ended');
    await using next = await inProcess(home.path, {});
    const again = await next.call('submit_model', SUBMISSION);
    expect(again.data).toMatchObject({ accepted: true, run_id: runId });
    expect((await next.call('submit_model', { model_path: 'nothing' })).data).toEqual(again.data);
    await expectHandedIn(next, runId);
  });

  test('that was cut off is finished once by several calls at once', async () => {
    const runId = await cutOff('after the sandbox was ended');
    await using one = await inProcess(home.path, {});
    await using two = await inProcess(home.path, {});
    const seen = await Promise.all(
      [one, two, one, two].map(server => server.call('submit_model', SUBMISSION)),
    );
    for (const { data } of seen) expect(data).toEqual(seen[0]?.data);
    expect(seen[0]?.data.accepted).toBe(true);
    expect([...one.evaluations, ...two.evaluations]).toEqual([runId]);
  });

  test('that was cut off just before the deadline is not replaced by what lies in submission/', async () => {
    const runId = await cutOff('after the sandbox was ended', { wall_clock_min: 4 / 60 });
    const { workspace } = new RunStore(home.path).folder(runId);
    await mkdir(join(workspace, 'submission'));
    await writeFile(join(workspace, 'submission', 'config.json'), '{}');
    await sleep(Date.parse((await new RunStore(home.path).read(runId)).deadline_at ?? '') - Date.now() + 300);
    await using next = await inProcess(home.path, {});
    await next.call('run_status');
    await expectHandedIn(next, runId);
  });

  test('that was cut off is not cancelled away', async () => {
    const runId = await cutOff('after the sandbox was ended');
    await using next = await inProcess(home.path, {});
    await cancelRun(runId, { reason: 'It left.' }, next.host);
    await expectHandedIn(next, runId);
  });

  test('that was cut off is finished by mlrb cleanup, which says so', async () => {
    const runId = await cutOff('after the sandbox was ended');
    await using next = await inProcess(home.path, {});
    const config = loadConfig({ flags: { home: home.path }, env: {} });
    const said: string[] = [];
    for await (const line of cleanUp(next.host, config, 'act')) said.push(line);
    expect(said).toContainEqual(`${runId}: it was being handed in when its server died.`);
    await expectHandedIn(next, runId);
  });

  test('that another process is at for long keeps no call waiting, and is told of', async () => {
    const runId = await cutOff('after the sandbox was ended');
    await using next = await inProcess(home.path, {});
    const copied = new AbortController();
    let copying: Promise<unknown> = Promise.resolve();
    await new Promise<void>(isAtIt => {
      copying = next.runs.withRun(runId, () => {
        isAtIt();
        return once(copied.signal, 'abort');
      });
    });
    const [status, result, job, again, cancelled] = await Promise.all([
      next.call('run_status'),
      next.call('get_result', { wait_s: 0 }),
      next.call('run_bash', { script: 'true' }),
      next.call('start_run', { task_id: 'mini_baby_lm' }),
      mlrb(home.path, `cancel ${runId}`),
    ]);
    expect(status.data).toMatchObject({ run_id: runId, state: 'submitting' });
    expect(status.data.next).toContain('call get_result');
    expect(result.data).toMatchObject({
      state: 'submitting',
      next: expect.stringContaining('get_result again'),
    });
    expect(job.text).toContain('is over (submitting). Call get_result');
    expect(again.text).toContain('is still being copied. Call start_run again');
    expect(cancelled).toEqual({
      code: 1,
      stdout: '',
      stderr: `Another process is changing run ${runId} right now. Try again in a few seconds.\n`,
    });
    copied.abort();
    await copying;
    expect((await next.call('run_status')).data).toMatchObject({ state: 'submitted' });
    await expectHandedIn(next, runId);
  });

  test('of a large model whose server is killed while it copies is finished by the next server', async () => {
    const first = await connect({ home: home.path });
    const { data } = await first.ok('start_run', { task_id: 'mini_baby_lm' });
    const runs = new RunStore(home.path);
    const { root, workspace, submission } = runs.folder(String(data.run_id));
    growPositions(join(workspace, 'example_submission'), 8_000_000);
    const lost = first.call('submit_model', { model_path: 'example_submission' }).catch(() => 'lost');
    while (!(await readdir(root)).some(name => name.endsWith('.partial'))) await sleep(1);
    process.kill(first.pid, 'SIGKILL');
    expect(await lost).toBe('lost');
    expect(await runs.read(String(data.run_id))).toMatchObject({ state: 'running', submission: null });

    await using second = await connect({ home: home.path });
    try {
      expect((await second.call('run_bash', { script: 'true' })).text).toContain('is over (submitted)');
      const { submission: record } = await runs.read(String(data.run_id));
      expect(await hashSubmission(submission)).toBe(record?.digest);
      expect((await readdir(root)).filter(name => name.endsWith('.partial'))).toEqual([]);
      const again = await second.ok('submit_model', { model_path: 'example_submission' });
      expect(again.data).toMatchObject({ accepted: true, digest: record?.digest });
      expect(await runs.readEvaluation(String(data.run_id))).toBeDefined();
    } finally {
      await stopEvaluationProcess(String(data.run_id), runs);
    }
  });

  test.each([
    ['is broken', (folder: string) => writeFile(join(folder, 'train.py'), ''), 'Code is not accepted'],
    ['is gone', (folder: string) => rm(folder, { recursive: true }), 'no model folder'],
    [
      'lies behind a link',
      async (folder: string) => {
        const parent = join(folder, '..');
        await rename(parent, `${parent}-elsewhere`);
        await symlink(`${parent}-elsewhere`, parent);
      },
      'replaced by a link',
    ],
  ])('that %s by the time the processes have ended is invalid with the reason', async (_, spoil, reason) => {
    const runId = await cutOff('after the sandbox was ended');
    const { workspace, submission } = new RunStore(home.path).folder(runId);
    await spoil(join(workspace, SUBMISSION.model_path));
    await using next = await inProcess(home.path, {});
    const result = await next.call('get_result');
    expect(result.data).toMatchObject({ state: 'evaluated', outcome: 'invalid' });
    expect(result.text).toContain(reason);
    await expect(readdir(submission)).rejects.toThrow('ENOENT');
    expect((await next.call('submit_model', SUBMISSION)).text).toContain('Call get_result for every reason');
  });
});
