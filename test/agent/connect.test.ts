import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TaskList } from '../../src/agent/answers.js';
import { connect, ToolRefusal } from '../../src/agent/connect.js';
import { ConfigError } from '../../src/errors.js';
import { MAIN } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home[Symbol.asyncDispose]());

describe('the reference client', () => {
  it('reads the structured answer of a tool', async () => {
    await using contestant = await connectTo(serve());
    const { tasks } = await contestant.call('list_tasks', {}, TaskList);
    expect(tasks.map(({ task_id }) => task_id)).toContain('mini_baby_lm');
  });

  it("throws the server's sentence where it refuses", async () => {
    await using contestant = await connectTo(serve());
    const call = contestant.call('read_task', { task_id: 'no_such' }, z.unknown());
    await expect(call).rejects.toThrow(/No task named "no_such"/);
    await expect(call).rejects.toBeInstanceOf(ToolRefusal);
  });

  it('says so where an answer is of another form', async () => {
    await using contestant = await connectTo(serve());
    const call = contestant.call('list_tasks', {}, z.object({ tasks: z.string() }));
    await expect(call).rejects.toThrow(/answered list_tasks in a form that this client does not know/);
  });

  it('ends a call under way when it is aborted', async () => {
    const abort = new AbortController();
    await using contestant = await connectTo(serve(), abort.signal);
    const call = contestant.call('list_tasks', {}, TaskList);
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it.each([0, 300])(
    'leaves no server running when it is aborted %i ms after it began to connect',
    async ms => {
      const slowly = `process.stdin.resume().on('end', () => setTimeout(() => {}, 600)); //${home.path}`;
      const starting = connectTo(
        { command: process.execPath, args: ['-e', slowly] },
        AbortSignal.timeout(ms),
      );
      await expect(starting).rejects.toThrow(/timeout/);
      expect(processesNaming(home.path)).toEqual([]);
    },
  );

  it('says why a server did not start, in its own words', async () => {
    const starting = connectTo(serve('--log-level', 'loud'));
    await expect(starting).rejects.toThrow(
      /The server did not start\. .*The setting --log-level is not right/,
    );
    await expect(starting).rejects.toBeInstanceOf(ConfigError);
  });

  it.each([
    ['is not there', { command: '/no/such/program', args: [] }],
    ['ends at once', { command: process.execPath, args: ['-e', ''] }],
  ])('says that a server %s', async (_what, command) => {
    await expect(connectTo(command)).rejects.toThrow(
      /The server did not start\. It said nothing: run `mlrb doctor`\./,
    );
  });
});

function serve(...flags: string[]) {
  return {
    command: process.execPath,
    args: [MAIN, 'serve', '--home', home.path, '--as', 'client-test', ...flags],
  };
}

function connectTo(command: { command: string; args: string[] }, signal = new AbortController().signal) {
  return connect(command, { name: 'test', version: '1', signal });
}
