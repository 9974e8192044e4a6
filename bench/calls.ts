import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { figure, median, say } from './support/print.js';
import { benchServer } from './support/server.js';

const PAIRS = 300;
const WARM_UP = 30;
const LAST_CALL = 10_000;
/** Calls around the named one, so that one slow call does not decide. */
const WINDOW = 100;

/** `run_bash true` through a stdio client against spawning the same directly; and what call 10,000 costs against call 100. */
export async function calls(): Promise<void> {
  await using server = await benchServer();
  const ours: number[] = [];
  const direct: number[] = [];
  for (let pair = 0; pair < WARM_UP + PAIRS; pair += 1) {
    const a = await timed(() => server.call('run_bash', { script: 'true' }));
    const b = await timed(spawnDirectly);
    if (pair < WARM_UP) continue;
    ours.push(a);
    direct.push(b);
  }
  const more = median(ours) - median(direct);
  say(
    `run_bash true through a stdio client: ${median(ours).toFixed(2)} ms; bash -c true spawned directly: ${median(direct).toFixed(2)} ms (medians of ${PAIRS}, alternating)`,
  );
  figure('run_bash true above spawning it directly, median', `${more.toFixed(2)} ms`, 'at most 3 ms');

  const costs: number[] = [];
  for (let n = 0; n < LAST_CALL; n += 1)
    costs.push(await timed(() => server.call('run_bash', { script: 'true' })));
  const early = median(costs.slice(100 - WINDOW / 2, 100 + WINDOW / 2));
  const late = median(costs.slice(LAST_CALL - WINDOW));
  figure(`cost of call ${LAST_CALL} against call 100`, `${(late / early).toFixed(2)} x`, '1 x');
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}

async function spawnDirectly(): Promise<void> {
  await once(spawn('bash', ['-c', 'true'], { stdio: 'ignore' }), 'exit');
}
