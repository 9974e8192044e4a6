import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb, startMlrb } from './mlrb.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

describe('mlrb agent', () => {
  it('closes the run of a contestant that leaves without handing in, run after run', async () => {
    const ended = await mlrb(home.path, 'agent --task mini_baby_lm --model script:nop --runs 2 --json');
    const { runs, averages } = JSON.parse(ended.stdout);
    expect(runs).toMatchObject([
      { contestant: 'agent-nop', outcome: 'no_submission' },
      { contestant: 'agent-nop', outcome: 'no_submission' },
    ]);
    expect(averages).toMatchObject([{ runs: 2, valid: 0, mean_failures_zero: 0 }]);
    expect(ended.code).toBe(0);
    expect(processesNaming(home.path)).toEqual([]);
  });

  it('ends what an earlier process of the same contestant left on', async () => {
    await using contestant = await connect({ home: home.path, principal: 'agent-nop' });
    const { data } = await contestant.ok('start_run', { task_id: 'mini_baby_lm' });
    expect(await mlrb(home.path, 'agent --task mini_baby_lm --model script:nop')).toMatchObject({ code: 0 });
    const { run } = JSON.parse((await mlrb(home.path, `show ${data.run_id} --json`)).stdout);
    expect(run).toMatchObject({ state: 'cancelled', reason: 'The process that played it ended.' });
  });

  it('leaves nothing running when it is stopped in the middle', async () => {
    const agent = startMlrb(home.path, 'agent --task mini_baby_lm --model script:reference');
    await agent.said('reference runs reference.py');
    agent.process.kill('SIGINT');
    const { code, stderr } = await agent.ended;
    expect(code).toBe(130);
    expect(stderr.trim().split('\n').at(-1)).toBe('Stopped.');
    expect(processesNaming(home.path)).toEqual([]);
    const { run } = JSON.parse((await mlrb(home.path, 'show last --json')).stdout);
    expect(run).toMatchObject({
      state: 'cancelled',
      outcome: 'no_submission',
      reason: 'The operator stopped it.',
    });
  });

  it('leaves nothing running when it is stopped by someone impatient', async () => {
    const agent = startMlrb(home.path, 'agent --task mini_baby_lm --model script:reference');
    await agent.said('reference runs reference.py');
    expect(await agent.interruptImpatiently()).toMatchObject({ code: 130 });
    await vi.waitUntil(() => processesNaming(home.path).length === 0, WATCH);
    const { run } = JSON.parse((await mlrb(home.path, 'show last --json')).stdout);
    expect(run).toMatchObject({ state: 'cancelled', outcome: 'no_submission' });
  });

  it('that was killed leaves a run on, which cleanup finds and closes at once', async () => {
    const agent = startMlrb(home.path, 'agent --task mini_baby_lm --model script:reference');
    await agent.said('reference runs reference.py');
    agent.process.kill('SIGKILL');
    await agent.ended;
    const sentence = 'the mlrb process that played it was killed';
    expect((await mlrb(home.path, 'cleanup --dry-run')).stderr).toContain(sentence);
    expect((await mlrb(home.path, 'cleanup')).stderr).toContain(sentence);
    expect(processesNaming(home.path)).toEqual([]);
    const { run } = JSON.parse((await mlrb(home.path, 'show last --json')).stdout);
    expect(run).toMatchObject({ state: 'cancelled', reason: 'The process that played it ended.' });
    expect((await mlrb(home.path, 'cleanup')).stdout).toContain('Nothing was left behind.');
  });

  it('is not touched by cleanup while it plays', async () => {
    const agent = startMlrb(home.path, 'agent --task mini_baby_lm --model script:reference');
    await agent.said('reference runs reference.py');
    expect((await mlrb(home.path, 'cleanup')).stdout).toContain('Nothing was left behind.');
    const { run } = JSON.parse((await mlrb(home.path, 'show last --json')).stdout);
    expect(run.state).toBe('running');
    agent.interrupt();
    expect(await agent.ended).toMatchObject({ code: 130 });
  });

  it.each(['submission', 'evaluation/evaluation.log'])(
    'leaves no evaluation running when it is stopped at the moment in which %s appears',
    async path => {
      const agent = startMlrb(home.path, 'agent --task mini_baby_lm --model script:base');
      await agent.said('base runs base.py');
      const [runId = ''] = await readdir(join(home.path, 'runs'));
      await vi.waitUntil(() => existsSync(join(home.path, 'runs', runId, path)), WATCH);
      agent.interrupt();
      expect(await agent.ended).toMatchObject({ code: 130 });
      expect(processesNaming(home.path)).toEqual([]);
      const { run } = JSON.parse((await mlrb(home.path, `show ${runId} --json`)).stdout);
      expect(['submitted', 'cancelled']).toContain(run.state);
    },
  );
});

/** Moments pass quickly. */
const WATCH = { timeout: 50_000, interval: 1 };
