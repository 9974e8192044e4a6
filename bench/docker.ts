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
const PAGES_READ = 50;

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

/** Reads all that a job has written, page by page, and holds each page against what must lie there. */
async function flood(me: DockerContestant): Promise<void> {
  await me.call('run_bash', { script: 'head -c 50000000 /dev/zero | tr "\\0" x; rm -f .jobs/*' });
  const before = residentMb(me.pid);
  const peaks = { writing: before, firstHalf: 0, secondHalf: 0 };
  const { job_id } = await me.call('run_bash', {
    script: `seq ${FIRST_LINE} ${FIRST_LINE * 2} | head -c ${OUTPUT_BYTES}`,
    wait_s: 0,
  });
  let pages = 0;
  let wrong = 0;
  let cursor = 0;
  let isMore = true;
  while (isMore) {
    const page = await me.call('job_wait', { job_id, cursor, wait_s: 0.2 });
    const end = Number(page.cursor);
    if (page.output !== linesBetween(cursor, end).trimEnd()) wrong += 1;
    pages += 1;
    cursor = end;
    isMore = page.state === 'running' || page.more === true;
    const now = residentMb(me.pid);
    if (page.state === 'running') peaks.writing = Math.max(peaks.writing, now);
    const half = cursor < OUTPUT_BYTES / 2 ? 'firstHalf' : 'secondHalf';
    peaks[half] = Math.max(peaks[half], now);
  }
  figure(
    `1 GB of output, read as ${pages} pages and compared`,
    `${wrong} wrong, ${OUTPUT_BYTES - cursor} bytes missing`,
    '0 wrong, 0 bytes missing',
  );
  const growth = `${(peaks.writing - before).toFixed(1)} MB`;
  figure('growth of the server while a job writes 1 GB of output', growth, 'at most 20 MB');
  say(
    `at most ${peaks.firstHalf.toFixed(0)} MB in the first half of the reading, ${before.toFixed(0)} before`,
  );
  const further = `${(peaks.secondHalf - peaks.firstHalf).toFixed(1)} MB`;
  figure('further growth in the second half of the reading', further, 'at most 20 MB');
  await me.call('run_bash', { script: 'rm -f .jobs/*' });
}

/** Numbers of the same length, so that what a line must be follows from where it lies. */
const FIRST_LINE = 1_000_000_000;
const LINE_BYTES = 11;

/** What `seq FIRST_LINE …` writes from one byte up to another. */
function linesBetween(from: number, to: number): string {
  const first = Math.floor(from / LINE_BYTES);
  const count = Math.ceil(to / LINE_BYTES) - first;
  const lines = Array.from({ length: count }, (_, n) => `${FIRST_LINE + first + n}\n`).join('');
  return lines.slice(from - first * LINE_BYTES, to - first * LINE_BYTES);
}

/**
 * Pieces as write_code sends them, put together inside, and compared by digest on both sides. Pages as read_code answers them are
 * compared at places all over the file: it finds each by counting lines from the top, so all of them would take an hour.
 */
async function largeFile(me: DockerContestant, runId: string, home: string): Promise<void> {
  const sent = createHash('sha256');
  const pieces = Math.ceil(FILE_BYTES / PIECE_CHARS);
  for (let n = 0; n < pieces; n += 1) {
    const code = linesBetween(n * PIECE_CHARS, (n + 1) * PIECE_CHARS);
    sent.update(code);
    await me.call('write_code', { path: 'piece', code });
    await me.call('run_bash', { script: 'cat piece >> whole' });
  }
  const { output } = await me.call('run_bash', { script: 'sha256sum < whole' });
  const digest = sent.digest('hex');
  const onHost = await digestOf(join(home, 'runs', runId, 'workspace', 'whole'));
  const isSame = String(output).startsWith(digest) && onHost === digest;
  figure(
    `a file of ${FILE_BYTES / 1e6} MB written in ${pieces} pieces, by digest inside and outside`,
    isSame ? 'identical' : 'DIFFERENT',
    'identical',
  );
  let wrong = 0;
  for (let n = 0; n < PAGES_READ; n += 1) wrong += (await isPageRight(me, n / (PAGES_READ - 1))) ? 0 : 1;
  figure(`${PAGES_READ} pages of it from first to last, read with read_code`, `${wrong} wrong`, '0 wrong');
  await me.call('run_bash', { script: 'rm whole piece' });
}

/** Whether the page that begins at a share of the file's lines holds just these. */
async function isPageRight(me: DockerContestant, share: number): Promise<boolean> {
  const last = Math.ceil(FILE_BYTES / LINE_BYTES);
  const start = 1 + Math.floor(share * (last - 1));
  const { content, end_line } = await me.call('read_code', { path: 'whole', start_line: start });
  const end = Number(end_line);
  const text = linesBetween((start - 1) * LINE_BYTES, Math.min(end * LINE_BYTES, FILE_BYTES));
  const lines = text.trimEnd().split('\n');
  return content === lines.map((line, n) => `${start + n}\t${line}`).join('\n') && end >= start;
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
