import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Contestant, connect } from '../../helpers/contestant.js';
import { makeHome } from '../../helpers/home.js';
import {
  countRequests,
  type LoadServices,
  playLoad,
  startLoadServices,
} from '../../helpers/research-load.js';
import { endAllRuns } from '../../helpers/runs.js';

const PER_SECOND = 50;
const CALLS = 160;

/** The small brother of the bench: two servers of one home, services that fail at random. */
describe('papers and code under load', () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let services: LoadServices;
  const contestants: Contestant[] = [];

  beforeAll(async () => {
    home = await makeHome();
    services = await startLoadServices({ throttled: 20, broken: 5, garbage: 1 });
    for (const principal of ['one', 'two']) {
      const me = await connect({
        home: home.path,
        principal,
        env: {
          MLRB_RESEARCH_SEMANTIC_SCHOLAR_URL: services.papers.url,
          MLRB_RESEARCH_ARXIV_API_URL: services.papers.url,
          MLRB_RESEARCH_ARXIV_URL: services.papers.url,
          MLRB_RESEARCH_OPENALEX_URL: services.papers.url,
          MLRB_RESEARCH_GITHUB_URL: services.github.url,
          MLRB_RESEARCH_SEMANTIC_SCHOLAR_PER_S: String(PER_SECOND),
          MLRB_JOBS_WAIT_S: '20',
        },
      });
      contestants.push(me);
      await me.ok('start_run', { task_id: 'mini_baby_lm' });
    }
  });

  afterAll(async () => {
    for (const me of contestants) await me.close();
    await endAllRuns(home.path);
    await services[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  });

  test('every call ends in an answer or a sentence in time; no limit is exceeded; nothing is asked needlessly', async () => {
    const players = contestants.flatMap(me => [me, me].map(() => me.call.bind(me)));
    const counts = await playLoad(players, CALLS);
    expect(counts.other).toEqual({});
    expect(counts.answers + counts.later).toBe(counts.calls);
    expect(counts.answers).toBeGreaterThan(CALLS * 0.9);
    expect(counts.slowestMs).toBeLessThan(23_000);
    const semanticScholar = countRequests(services.papers, /^\/graph/);
    const github = countRequests(services.github, /^\//);
    expect(semanticScholar.mostInASecond).toBeLessThanOrEqual(PER_SECOND);
    expect(github.mostInASecond).toBeLessThanOrEqual(10);
    expect(semanticScholar.needless + github.needless).toBe(0);
    expect(semanticScholar.faults.throttled).toBeGreaterThan(5);
  }, 180_000);
});
