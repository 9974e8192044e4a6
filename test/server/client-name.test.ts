import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { CLIENTS, connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

let home: Awaited<ReturnType<typeof makeHome>>;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

test.each(CLIENTS)('the trace says who called and in which revision: %s', async kind => {
  await using me = await connect({ home: home.path, kind });
  const { data: run } = await me.ok('start_run', { task_id: 'mini_baby_lm' });
  await me.ok('thought', { thought: 'x' });
  const { events } = await new RunStore(home.path).readTrace(String(run.run_id));
  const calls = events.filter(event => event.type === 'tool_call');
  expect(calls.map(({ tool }) => tool)).toEqual(['start_run', 'thought']);
  for (const call of calls) expect(call).toMatchObject({ client: 'test 1', protocol: kind.split(', ')[1] });
});
