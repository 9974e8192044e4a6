import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contestant, connect, MAIN } from '../test/helpers/contestant.js';
import {
  countRequests,
  type LoadServices,
  playLoad,
  type ServiceCounts,
  startLoadServices,
} from '../test/helpers/research-load.js';
import { figure, say } from './support/print.js';
import { residentMb } from './support/server.js';

const CALLS = 10_000;
const RUNS = 8;
const SEMANTIC_SCHOLAR_PER_S = 100;
const GITHUB_PER_S = 10;
const WAIT_S = 30;
/** Calls after which memory counts as settled. */
const SETTLED_AFTER = 3000;

/**
 * The research tools against services that fail: eight servers of one home, a run each, 20 % of requests throttled, 5 % of
 * connections broken, 1 % garbage.
 */
export async function research(): Promise<void> {
  const services = await startLoadServices({ throttled: 20, broken: 5, garbage: 1 });
  const home = await makeBenchHome();
  const contestants = await Promise.all(
    Array.from({ length: RUNS }, (_, at) => startContestant(home, at, services)),
  );
  const memory: number[] = [];
  const began = Date.now();
  const counts = await playLoad(
    contestants.map(me => me.call.bind(me)),
    CALLS,
    done => {
      if (done >= SETTLED_AFTER) memory.push(Math.max(...contestants.map(({ pid }) => residentMb(pid))));
    },
  );
  const seconds = Math.round((Date.now() - began) / 1000);
  say(
    `${counts.calls} calls from ${RUNS} runs in ${seconds} s: ${counts.answers} answers, ${counts.later} told why not, and when to try again`,
  );
  for (const [sentence, times] of Object.entries(counts.other)) say(`  ${times} x ${sentence}`);
  figure('calls that ended in neither an answer nor such a sentence', String(sum(counts.other)), '0');
  figure('slowest call', `${counts.slowestMs} ms`, `at most ${WAIT_S + 3} s`);
  say(`median call: ${counts.medianMs} ms`);
  tell('Semantic Scholar', countRequests(services.papers, /^\/graph/), SEMANTIC_SCHOLAR_PER_S);
  tell('GitHub', countRequests(services.github, /^\//), GITHUB_PER_S);
  say(
    `largest server: ${memory.map(mb => `${mb.toFixed(0)}`).join(', ')} MB, every 500 calls from call ${SETTLED_AFTER} on`,
  );
  figure(
    'growth of the largest server from there on',
    `${((memory.at(-1) ?? 0) - (memory[0] ?? 0)).toFixed(0)} MB`,
    'flat',
  );
  await cachedAnswer(contestants[0]);
  await stop(contestants, home, services);
}

function tell(
  name: string,
  { requests, faults, needless, mostInASecond }: ServiceCounts,
  limit: number,
): void {
  const shares = Object.entries(faults).map(([fault, times]) => `${times} ${fault}`);
  say(`${name}: ${requests} requests, of which ${shares.join(', ')}`);
  figure(`most requests to ${name} in any second`, String(mostInASecond), `at most ${limit}`);
  figure(`requests to ${name} that had been answered before`, String(needless), '0');
}

/** The same question again and again, through a client. */
async function cachedAnswer(me: Contestant | undefined): Promise<void> {
  const times: number[] = [];
  for (let at = 0; at < 200; at += 1) {
    const began = performance.now();
    await me?.call('get_paper_details', { paper_id: '2002.10001' });
    times.push(performance.now() - began);
  }
  const median = times.sort((a, b) => a - b)[100] ?? Number.NaN;
  figure('a cached answer through a stdio client, median', `${median.toFixed(1)} ms`, 'under 5 ms');
}

async function makeBenchHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  const shared = join(process.env.MLRB_HOME ?? join(homedir(), '.mlrb'), 'python');
  await mkdir(shared, { recursive: true });
  await symlink(shared, join(home, 'python'));
  execFileSync(process.execPath, [MAIN, 'setup', '--home', home], { stdio: ['ignore', 'ignore', 'inherit'] });
  return home;
}

async function startContestant(
  home: string,
  at: number,
  { papers, github }: LoadServices,
): Promise<Contestant> {
  const me = await connect({
    home,
    principal: `run-${at}`,
    env: {
      MLRB_RESEARCH_SEMANTIC_SCHOLAR_URL: papers.url,
      MLRB_RESEARCH_ARXIV_API_URL: papers.url,
      MLRB_RESEARCH_ARXIV_URL: papers.url,
      MLRB_RESEARCH_OPENALEX_URL: papers.url,
      MLRB_RESEARCH_GITHUB_URL: github.url,
      MLRB_RESEARCH_SEMANTIC_SCHOLAR_PER_S: String(SEMANTIC_SCHOLAR_PER_S),
      MLRB_JOBS_WAIT_S: String(WAIT_S),
    },
  });
  await me.ok('start_run', { task_id: 'mini_baby_lm' });
  return me;
}

async function stop(contestants: readonly Contestant[], home: string, services: LoadServices): Promise<void> {
  for (const me of contestants) {
    const { data } = await me.call('run_status');
    await me.close();
    execFileSync(process.execPath, [MAIN, 'cancel', String(data.run_id), '--home', home], {
      stdio: 'ignore',
    });
  }
  await services[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, times) => total + times, 0);
}
