import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { contestant, type DockerContestant, dockerHome, mlrb, whyNoDocker } from './support/docker-server.js';
import { figure, median, say } from './support/print.js';
import { residentMb } from './support/server.js';

const run = promisify(execFile);
const ROUNDS = 20;
const CALLS_IN_BLOCK = 10;
const AT_ONCE = 32;
const CALLS_AT_ONCE = 10;
const STARTS = 9;
const OUTPUT_BYTES = 1e9;
const FILE_BYTES = 200e6;
const PIECE_CHARS = 4_000_000;

/** Calls in containers against `docker exec`, starts, floods of output, and large files. */
export async function docker(): Promise<void> {
  const lack = whyNoDocker();
  if (lack !== undefined) return say(`docker: not measured, since ${lack}.`);
  await using home = await dockerHome();
  await using me = await contestant(home.path, 'bench');
  const { run_id } = await me.call('start_run', { task_id: 'mini_baby_lm' });
  const alone = await calls(me, `mlrb-${run_id}`);
  await flood(me);
  await largeFile(me, String(run_id), home.path);
  mlrb(home.path, 'cancel', String(run_id));
  await starts(home.path);
  await manyAtOnce(home.path, alone);
}

async function calls(me: DockerContestant, container: string): Promise<number> {
  const ours: number[] = [];
  const exec: number[] = [];
  const inside: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(...(await block(() => me.call('run_bash', { script: 'true' }))));
    exec.push(...(await block(() => run('docker', ['exec', container, 'bash', '-c', 'true']))));
    inside.push(...JSON.parse(String((await me.call('run_bash', { script: SPAWN_INSIDE })).output)));
  }
  say(
    `run_bash true: ${median(ours).toFixed(2)} ms; docker exec of the same: ${median(exec).toFixed(1)} ms; spawned inside: ${median(inside).toFixed(2)} ms (medians)`,
  );
  figure('docker exec against run_bash', `${(median(exec) / median(ours)).toFixed(1)} x`, 'at least 15 x');
  figure(
    'run_bash above spawning inside the container',
    `${(median(ours) - median(inside)).toFixed(2)} ms`,
    'at most 3 ms',
  );
  return median(ours);
}

/** Times of some calls in a row. The first few are not counted: the engine still cleans up after the commands before. */
async function block(call: () => Promise<unknown>): Promise<number[]> {
  for (let n = 0; n < 3; n += 1) await call();
  const times: number[] = [];
  for (let n = 0; n < CALLS_IN_BLOCK; n += 1) times.push(await timed(call));
  return times;
}

const SPAWN_INSIDE = `python3 -c '
import subprocess, time
def once():
    began = time.perf_counter()
    subprocess.run(["bash", "-c", "true"], stdin=subprocess.DEVNULL, start_new_session=True)
    return (time.perf_counter() - began) * 1000
print([once() for _ in range(13)][3:])
'`;

async function flood(me: DockerContestant): Promise<void> {
  await me.call('run_bash', { script: 'head -c 50000000 /dev/zero | tr "\\0" x; rm -f .jobs/*' });
  const before = residentMb(me.pid);
  let peak = before;
  let job = await me.call('run_bash', {
    script: `yes 0123456789abcdef | head -c ${OUTPUT_BYTES}`,
    wait_s: 0,
  });
  let cursor = 0;
  let read = 0;
  while (job.state === 'running') {
    job = await me.call('job_wait', { job_id: job.job_id, cursor, wait_s: 0.2 });
    read += Number(job.cursor) - cursor;
    cursor = Number(job.cursor);
    peak = Math.max(peak, residentMb(me.pid));
  }
  const isWhole = read === cursor && Number(job.output_bytes) === OUTPUT_BYTES;
  say(`1 GB of output: ${isWhole ? 'all of it is there, and no page left a gap' : 'something is missing'}`);
  figure('growth of the server over 1 GB of output', `${(peak - before).toFixed(1)} MB`, 'at most 20 MB');
  await me.call('run_bash', { script: 'rm -f .jobs/*' });
}

/** Pieces as write_code sends them, put together inside, and compared by digest on both sides. */
async function largeFile(me: DockerContestant, runId: string, home: string): Promise<void> {
  const sent = createHash('sha256');
  const pieces = Math.ceil(FILE_BYTES / PIECE_CHARS);
  for (let n = 0; n < pieces; n += 1) {
    const code = `${n} `.padEnd(PIECE_CHARS, `${n}-abcdefghij `);
    sent.update(code);
    await me.call('write_code', { path: 'piece', code });
    await me.call('run_bash', { script: 'cat piece >> whole' });
  }
  const { output } = await me.call('run_bash', { script: 'sha256sum < whole' });
  const digest = sent.digest('hex');
  const onHost = await digestOf(join(home, 'runs', runId, 'workspace', 'whole'));
  const isSame = String(output).startsWith(digest) && onHost === digest;
  figure(
    `a file of ${FILE_BYTES / 1e6} MB written in ${pieces} pieces`,
    isSame ? 'identical' : 'DIFFERENT',
    'identical',
  );
  await me.call('run_bash', { script: 'rm whole piece' });
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function starts(home: string): Promise<void> {
  const costs: number[] = [];
  for (let n = 0; n < STARTS; n += 1) {
    await using me = await contestant(home, `start-${n}`);
    await me.call('list_tasks');
    costs.push(
      await timed(async () => {
        await me.call('start_run', { task_id: 'mini_baby_lm' });
        await me.call('run_bash', { script: 'true' });
      }),
    );
    mlrb(home, 'cancel', 'last');
  }
  figure(
    'from start_run to the answer of the first call, median',
    `${(median(costs) / 1000).toFixed(2)} s`,
    'under 0.5 s',
  );
}

/** Every run calls at the same time; on fewer cores than runs, each waits for its turn. */
async function manyAtOnce(home: string, alone: number): Promise<void> {
  const all = await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => contestant(home, `many-${n}`)));
  for (const me of all) await me.call('start_run', { task_id: 'mini_baby_lm' });
  await Promise.all(all.map(me => me.call('run_bash', { script: 'true' })));
  const costs: number[] = [];
  await Promise.all(
    all.map(async me => {
      for (let n = 0; n < CALLS_AT_ONCE; n += 1) {
        costs.push(await timed(() => me.call('run_bash', { script: 'true' })));
      }
    }),
  );
  const cores = availableParallelism();
  const perCall = (median(costs) * cores) / AT_ONCE;
  say(`${AT_ONCE} runs at once on ${cores} cores: median ${median(costs).toFixed(1)} ms a call`);
  figure(
    `one of ${AT_ONCE} at once, divided by its share of cores, against one alone`,
    `${(perCall / alone).toFixed(2)} x`,
    'at most 2 x',
  );
  await Promise.all(all.map(me => me[Symbol.asyncDispose]()));
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await task();
  return performance.now() - began;
}
