import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

describe('a server that offers one task', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  beforeEach(async () => {
    home = await makeHome();
  });
  afterEach(async () => {
    await endAllRuns(home.path);
    await home[Symbol.asyncDispose]();
  });

  test('shows and begins no other', async () => {
    await using me = await connect({ home: home.path, flags: ['--task', 'mini_llm_efficiency'] });
    const { data } = await me.ok('list_tasks');
    expect(data.tasks).toMatchObject([{ task_id: 'mini_llm_efficiency' }]);
    for (const tool of ['read_task', 'start_run']) {
      const refused = await me.call(tool, { task_id: 'mini_baby_lm' });
      expect(refused).toMatchObject({ isError: true });
      expect(refused.text).toMatch(/No task named "mini_baby_lm"/);
    }
  });

  test('lets a contestant go on in a run of another, to its end', async () => {
    {
      await using before = await connect({ home: home.path });
      await before.ok('start_run', { task_id: 'mini_baby_lm' });
    }
    await using me = await connect({ home: home.path, flags: ['--task', 'mini_llm_efficiency'] });
    expect((await me.ok('run_status')).data).toMatchObject({ task_id: 'mini_baby_lm' });
    expect((await me.ok('run_bash', { script: 'echo on' })).data.output).toBe('on');
    await me.ok('submit_model', { model_path: 'example_submission' });
  });
});
