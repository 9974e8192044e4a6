import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { connect, MAIN } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb } from './mlrb.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

describe('an evaluation', () => {
  it('that was called off while its process started ends before it has begun', async () => {
    const runId = await submittedRun();
    const runs = new RunStore(home.path);
    const child = evaluate(runId, { MLRB_EVALUATION_START: 'a start that nobody wants any more' });
    expect(await child.ended).toMatchObject({ code: 2 });
    expect(await child.stderr).toBe(
      `The evaluation of ${runId} was called off before it began. \`mlrb evaluate ${runId}\` does it.\n`,
    );
    expect(await runs.readEvaluation(runId)).toMatchObject({ state: 'queued', starts: 0 });
    expect(await readdir(join(runs.folder(runId).evaluation, 'processes'))).toEqual([]);
  });

  it('that a person started is ended by cancel like any other, and can be repeated', async () => {
    const runId = await submittedRun();
    const runs = new RunStore(home.path);
    const child = evaluate('last', {});
    while ((await runs.readEvaluation(runId))?.state !== 'running') await child.isAlive();
    const goesOn = 'nothing evaluates it any more';
    expect((await mlrb(home.path, `show ${runId}`)).stdout).not.toContain(goesOn);
    const { stdout } = await mlrb(home.path, `cancel ${runId}`);
    expect(stdout).toBe(
      `Run ${runId} was handed in, and is not being scored any more. \`mlrb evaluate ${runId}\` does it.\n`,
    );
    expect(await child.ended).toMatchObject({ code: 130 });
    expect(await runs.read(runId)).toMatchObject({ state: 'submitted', outcome: null });
    expect(await runs.isBeingEvaluated(runId)).toBe(false);
    expect((await mlrb(home.path, `show ${runId}`)).stdout).toContain(
      `${goesOn}: \`mlrb evaluate ${runId}\` goes on`,
    );
    await using contestant = await connect({ home: home.path });
    const { data, text } = await contestant.ok('get_result', { wait_s: 5 });
    expect(text).toContain('the operator stopped its scoring');
    expect(data).toMatchObject({ state: 'submitted', evaluation: { state: 'stopped' } });
    expect(await runs.isBeingEvaluated(runId)).toBe(false);
    expect((await mlrb(home.path, `evaluate ${runId}`)).code).toBe(0);
    expect(await runs.read(runId)).toMatchObject({ state: 'evaluated' });
  });
});

/** A run with a submission that nobody evaluates. */
async function submittedRun(): Promise<string> {
  await using server = await inProcess(home.path, {});
  const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
  await server.call('submit_model', { model_path: 'example_submission' });
  return String(data.run_id);
}

function evaluate(run: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN, 'evaluate', run, '--home', home.path], {
    env: { PATH: process.env.PATH ?? '', HOME: home.path, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'close').then(([code]) => ({ code }));
  return {
    ended,
    stderr: text(child.stderr),
    isAlive: async () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      await new Promise(resolve => setTimeout(resolve, 5));
    },
  };
}
