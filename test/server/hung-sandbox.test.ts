import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';

let home: Awaited<ReturnType<typeof makeHome>>;
let executor: number | undefined;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  if (executor !== undefined) process.kill(executor, 'SIGCONT');
  executor = undefined;
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

/** Stops the run's executor as an overloaded host would, and leaves it alive. */
async function hang(runId: unknown): Promise<number> {
  const { root } = new RunStore(home.path).folder(String(runId));
  const { pid } = JSON.parse(await readFile(join(root, 'sandbox', 'executor.json'), 'utf8'));
  process.kill(pid, 'SIGSTOP');
  return pid;
}

test.runIf(process.platform === 'linux')(
  'run_status answers before a client gives up while the sandbox hangs, says so, and tells all again when it is back',
  async () => {
    await using one = await connect({ home: home.path });
    const { data: run } = await one.ok('start_run', { task_id: 'mini_baby_lm' });
    await using two = await connect({ home: home.path });
    executor = await hang(run.run_id);
    for (const server of [one, two]) {
      const seen = await server.ok('run_status');
      expect(seen.data).toMatchObject({ state: 'running', run_id: run.run_id });
      expect(seen.data.time_left_s).toBeGreaterThan(0);
      expect(seen.data.next).toMatch(/The sandbox does not answer right now.* Call run_status again/);
      expect(seen.text).toContain(String(seen.data.next));
    }
    process.kill(executor, 'SIGCONT');
    for (const server of [one, two]) {
      const { data } = await server.ok('run_status');
      expect(data).toMatchObject({ state: 'running', disk_limit_bytes: 2e9 });
      expect(data.next).toMatch(/^Go on working/);
    }
  },
);
