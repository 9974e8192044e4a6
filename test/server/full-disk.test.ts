import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mlrb } from '../cli/mlrb.js';
import { connect } from '../helpers/contestant.js';
import { makeHome, shareModels, sharePython } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { fillDisk, mountLack, needsMount, smallDisk } from '../helpers/small-disk.js';

describe.skipIf(mountLack)(needsMount('where the disk is full'), () => {
  let home: Awaited<ReturnType<typeof makeHome>>;

  beforeEach(async () => {
    home = await makeHome();
  });

  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  test('a job whose output is lost for it says so', async () => {
    await using me = await connect({ home: home.path });
    const { data } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    using _disk = smallDisk(String(data.workspace), 2);
    expect((await me.ok('run_bash', { script: 'echo hi' })).data).not.toHaveProperty('no_room');
    await me.ok('run_bash', { script: 'cat /dev/zero > filler' });
    const seen = await me.ok('run_bash', { script: 'echo hi' });
    expect(seen.data).toMatchObject({
      state: 'exited',
      exit_code: 1,
      output: '',
      no_room: 'host',
    });
    expect(seen.text).toContain('The disk of the host was full by then');
    expect((await me.ok('run_bash', { script: 'rm filler; echo hi' })).data).not.toHaveProperty('no_room');
    await mlrb(home.path, `cancel ${data.run_id}`);
  });

  test('cancel ends all that a run has running, says what it could not record, and does so when there is room', async () => {
    using _disk = smallDisk(home.path, 40);
    await sharePython(home.path);
    await shareModels(home.path);
    const me = await connect({ home: home.path });
    const { data } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
    await me.ok('run_bash', { script: 'sleep 600', wait_s: 0 });
    await me.close();
    fillDisk(join(home.path, 'filler'));
    const { code, stdout, stderr } = await mlrb(home.path, `cancel ${data.run_id}`);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `Nothing of run ${data.run_id} runs any more, but the disk is full, so that it is cancelled could not be recorded. Free some space below the home folder, and run \`mlrb cancel ${data.run_id}\` again.\n`,
    );
    expect(code).toBe(1);
    expect(processesNaming(home.path)).toEqual([]);
    await rm(join(home.path, 'filler'));
    expect((await mlrb(home.path, `cancel ${data.run_id}`)).stdout).toContain('is cancelled');
    expect(await readdir(home.path)).not.toContain('faults.log');
  });
});
