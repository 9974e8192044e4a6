import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { RunStore } from '../src/runs/run-store.js';
import { contestant, docker, dockerHome, mlrb, whyNoDocker } from './support/docker-server.js';
import { figure, say } from './support/print.js';

const KILLS = Number(process.env.MLRB_BENCH_KILLS ?? 100);
const AT_ONCE = 4;
const LONGEST_LIFE_MS = 600;

/** A server is killed again and again while calls are under way, each followed by another on the same run. */
export async function kills(): Promise<void> {
  const lack = whyNoDocker();
  if (lack !== undefined) return say(`kills: not measured, since ${lack}.`);
  await using home = await dockerHome();
  const runId = await startRun(home.path);
  const container = docker('inspect', '--format', '{{.Id}}', `mlrb-${runId}`);
  const answered = new Map<string, string>();
  let sent = 0;
  for (let n = 0; n < KILLS; n += 1) {
    const server = await contestant(home.path, 'killed');
    const isOver = new AbortController();
    const load = Array.from({ length: AT_ONCE }, async () => {
      while (!isOver.signal.aborted) {
        sent += 1;
        const token = `token-${sent}-`;
        const answer = await server
          .call('run_bash', { script: `echo ${token} >> ran; echo ${token}` })
          .catch(() => undefined); // it died under the call
        if (answer === undefined) return;
        answered.set(token, String(answer.job_id));
      }
    });
    await pause(Math.random() * LONGEST_LIFE_MS);
    process.kill(server.pid, 'SIGKILL');
    isOver.abort();
    await Promise.race([Promise.all(load), pause(5000)]);
    await Promise.resolve(server[Symbol.asyncDispose]()).catch(() => undefined);
  }
  const isSame = docker('inspect', '--format', '{{.Id}}', `mlrb-${runId}`) === container;
  await settled(home.path);
  const found = await look(home.path, runId, answered);
  mlrb(home.path, 'cancel', runId);
  const label = docker('ps', '--all', '--quiet', '--filter', `label=mlrb.run=${runId}`);
  say(
    `${KILLS} kills under load: ${sent} calls sent, ${answered.size} answered, ${found.jobs} jobs, ${found.events} events; the container ${isSame ? 'is still the first' : 'WAS REPLACED'}`,
  );
  figure('calls answered whose job is gone', String(found.lostJobs), '0');
  figure('scripts that ran twice', String(found.ranTwice), '0');
  figure('scripts that ran and have no job', String(found.withoutJob), '0');
  figure('answered calls that are not in the trace', String(found.lostEvents), '0');
  figure('damaged lines in the trace', String(found.damagedLines), '0');
  figure('containers left behind', label === '' ? '0' : '1', '0');
}

async function startRun(home: string): Promise<string> {
  await using me = await contestant(home, 'killed');
  return String((await me.call('start_run', { task_id: 'mini_baby_lm' })).run_id);
}

/** What the last server had started has ended. */
async function settled(home: string): Promise<void> {
  await using me = await contestant(home, 'killed');
  while ((await me.call('run_status')).running_jobs !== undefined) await pause(50);
}

async function look(home: string, runId: string, answered: ReadonlyMap<string, string>) {
  const folder = join(home, 'runs', runId);
  const ran = (await readFile(join(folder, 'workspace', 'ran'), 'utf8')).trim().split('\n');
  const records = await Promise.all(
    (await readdir(join(folder, 'jobs'))).map(async name =>
      JSON.parse(await readFile(join(folder, 'jobs', name), 'utf8')),
    ),
  );
  const byId = new Map(records.map(record => [String(record.job_id), record]));
  const { events, damagedLines } = await new RunStore(home).readTrace(runId);
  const answers = new Set(events.flatMap(event => (event.type === 'tool_answer' ? [event.text] : [])));
  const told = [...answers].join('\n');
  return {
    jobs: records.length,
    events: events.length,
    damagedLines,
    lostJobs: [...answered.values()].filter(id => byId.get(id)?.state !== 'exited').length,
    ranTwice: ran.length - new Set(ran).size,
    withoutJob: ran.filter(token => !records.some(({ command }) => String(command).includes(token))).length,
    lostEvents: [...answered.keys()].filter(token => !told.includes(token)).length,
  };
}
