import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { mlrb } from '../cli/mlrb.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

const DAMAGES = [
  '{"version": 1, "run_',
  '',
  '{"version": 1, "run": ["x"]}',
  '{"version": 1, "run_id": "../../elsewhere"}',
  Buffer.from([0xff, 0x00, 0xfe, 0x80]),
];

describe('where the file that names the current run is damaged', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;

  beforeEach(async () => {
    home = await makeHome();
  });

  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  const pointerOf = (principal: string) => join(home.path, 'principals', `${principal}.json`);
  const startAs = async (principal: string) => {
    await using me = await connect({ home: home.path, principal });
    const { data } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    return String(data.run_id);
  };

  test('a contestant goes on in the run of its own that is on, and the file is written anew', async () => {
    const runId = await startAs('tester');
    await startAs('other');
    const whole = await readFile(pointerOf('tester'), 'utf8');
    await using me = await connect({ home: home.path });
    for (const content of DAMAGES) {
      await writeFile(pointerOf('tester'), content);
      expect((await me.ok('run_bash', { script: 'echo on' })).data.output).toBe('on');
      expect(await readFile(pointerOf('tester'), 'utf8')).toBe(whole);
    }
    await writeFile(pointerOf('tester'), '');
    const second = await me.call('start_run', { task_id: 'mini_baby_lm' });
    expect(second.isError).toBe(true);
    expect(second.text).toContain(`Run ${runId} on mini_baby_lm is on`);
  });

  test('a contestant without a run that is on is told so, and can begin one', async () => {
    const runId = await startAs('tester');
    await mlrb(home.path, `cancel ${runId}`);
    await startAs('other');
    await writeFile(pointerOf('tester'), '');
    await using me = await connect({ home: home.path });
    const seen = await me.call('run_status');
    expect(seen.isError).toBe(true);
    expect(seen.text).toBe(
      'Your run cannot go on. The file that names the current run of tester is damaged, and no run of that name is on. Tell the operator, or call start_run to begin another.',
    );
    await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await me.ok('run_status');
  });

  test('several runs that are on are named, and the contestant goes on in the one that the operator leaves', async () => {
    const first = await startAs('tester');
    const { record } = new RunStore(home.path).folder(first);
    const whole = await readFile(record, 'utf8');
    await writeFile(record, 'gone'); // as where its disk was away for a while
    const second = await startAs('tester');
    await writeFile(record, whole);
    await writeFile(pointerOf('tester'), '');
    await using me = await connect({ home: home.path });
    const seen = await me.call('run_bash', { script: 'true' });
    expect(seen.isError).toBe(true);
    expect(seen.text).toMatch(/is damaged, and several runs of that name are on: .* Tell the operator/);
    expect(seen.text).toContain(first);
    expect(seen.text).toContain(second);
    await mlrb(home.path, `cancel ${second}`);
    expect((await me.ok('run_status')).data.run_id).toBe(first);
  });
});
