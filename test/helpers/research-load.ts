import { type KnownRepo, REPOS, startGitHubServer } from './github-server.js';
import type { Fault, LocalService } from './local-service.js';
import { type KnownPaper, PAPERS, startPapersServer } from './papers-server.js';

/** How many of a hundred requests go wrong, and how. */
export interface FaultShares {
  readonly throttled: number;
  readonly broken: number;
  readonly garbage: number;
}

export interface LoadServices extends AsyncDisposable {
  readonly papers: LocalService;
  readonly github: LocalService;
}

const MORE_PAPERS = 1000;
const MORE_REPOS = 100;

/** The services with enough in them for a long run of different questions, failing at random the same way each time. */
export async function startLoadServices(shares: FaultShares): Promise<LoadServices> {
  const papers = await startPapersServer('key', [...PAPERS, ...morePapers()]);
  const github = await startGitHubServer('token', [...REPOS, ...moreRepos()]);
  const random = seeded(20241031);
  for (const service of [papers, github]) service.fault = () => pick(random() * 100, random(), shares);
  return {
    papers,
    github,
    async [Symbol.asyncDispose]() {
      await papers[Symbol.asyncDispose]();
      await github[Symbol.asyncDispose]();
    },
  };
}

function morePapers(): KnownPaper[] {
  return Array.from({ length: MORE_PAPERS }, (_, at) => ({
    sha: (0xabc0000 + at).toString(16).padStart(40, '0'),
    corpusId: 10_000 + at,
    title: `Study number ${at} of many`,
    abstract: `What study ${at} found. `.repeat(20),
    published: '2020-02-02',
    arxiv: `2002.${String(10_000 + at)}`,
    doi: `10.48550/arXiv.2002.${10_000 + at}`,
    work: `W9${10_000 + at}`,
  }));
}

function moreRepos(): KnownRepo[] {
  const readme = Buffer.from('# A repository\n\nWith some words.\n');
  const code = Buffer.from('print("hello")\n'.repeat(50));
  return Array.from({ length: MORE_REPOS }, (_, at) => ({
    fullName: `load/repo-${at}`,
    id: 1000 + at,
    defaultBranch: 'main',
    branches: {
      main: {
        'README.md': { kind: 'file', content: readme },
        'src/main.py': { kind: 'file', content: code },
      },
    },
  }));
}

function pick(at: number, second: number, { throttled, broken, garbage }: FaultShares): Fault | undefined {
  if (at < throttled) return 'throttled';
  if (at < throttled + broken) return second < 0.5 ? 'broken' : 'cut';
  return at < throttled + broken + garbage ? 'garbage' : undefined;
}

/** The same numbers between 0 and 1 every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One call of the load: of a hundred, 80 about papers and 20 about code. Some are asked again, by the same or another run. */
export function loadCall(random: () => number): readonly [string, Record<string, unknown>] {
  const dice = random() * 100;
  const some = (count: number) => Math.floor(random() * count);
  const paper_id = `2002.${10_000 + some(MORE_PAPERS)}`;
  const repo_url = `https://github.com/load/repo-${some(MORE_REPOS)}`;
  if (dice < 50) return ['search_papers', { query: `study ${some(1000)}`, limit: 1 + some(10) }];
  if (dice < 70) return ['get_paper_details', { paper_id }];
  if (dice < 78) return ['get_paper_citations', { paper_id }];
  if (dice < 80) return ['download_paper', { paper_id: `2002.${10_000 + some(40)}` }];
  if (dice < 87) return ['github_get_readme', { repo_url }];
  if (dice < 93) return ['github_list_files', { repo_url }];
  return ['github_get_file_code', { repo_url, file_path: 'src/main.py' }];
}

/** A player makes one call and says how it ended. */
export type Player = (
  tool: string,
  input: Record<string, unknown>,
) => Promise<{ text: string; isError: boolean }>;

export interface LoadCounts {
  readonly calls: number;
  readonly answers: number;
  /** Sentences of ours that say when to try again, or what stands where the PDF should be. */
  readonly later: number;
  /** Anything else that was no answer, by its beginning. */
  readonly other: Record<string, number>;
  readonly slowestMs: number;
  /** Median of the time that a call took. */
  readonly medianMs: number;
}

/** All players at once, each one call after the other, until `calls` calls were made. */
export async function playLoad(
  players: readonly Player[],
  calls: number,
  onProgress: (done: number) => void = () => undefined,
): Promise<LoadCounts> {
  const times: number[] = [];
  const other: Record<string, number> = {};
  let begun = 0;
  let answers = 0;
  let later = 0;
  const playOn = async (player: Player, at: number) => {
    const random = seeded(at + 1);
    while (begun < calls) {
      begun += 1;
      const [tool, input] = loadCall(random);
      const began = performance.now();
      const seen = await player(tool, input);
      times.push(performance.now() - began);
      if (!seen.isError) answers += 1;
      else if (/Try again in|[Cc]all download_paper again in|it is a web page, not a PDF/.test(seen.text))
        later += 1;
      else other[seen.text.slice(0, 100)] = (other[seen.text.slice(0, 100)] ?? 0) + 1;
      if (times.length % 500 === 0) onProgress(times.length);
    }
  };
  await Promise.all(players.map(playOn));
  const sorted = times.sort((a, b) => a - b);
  return {
    calls: times.length,
    answers,
    later,
    other,
    slowestMs: Math.round(sorted.at(-1) ?? 0),
    medianMs: Math.round((sorted[Math.floor(sorted.length / 2)] ?? 0) * 10) / 10,
  };
}

/** What the services saw. */
export interface ServiceCounts {
  readonly requests: number;
  readonly faults: Record<string, number>;
  /** Requests for something that had been answered in full before, and needed no asking. */
  readonly needless: number;
  /** Most requests within any second. */
  readonly mostInASecond: number;
}

export function countRequests({ asked }: LocalService, path: RegExp): ServiceCounts {
  const requests = asked.filter(request => path.test(request.path));
  const faults: Record<string, number> = {};
  const answered = new Set<string>();
  let needless = 0;
  for (const { path: asking, headers, outcome } of requests) {
    if (!/^\d/.test(outcome)) faults[outcome] = (faults[outcome] ?? 0) + 1;
    const question = `${asking} ${headers.accept}`;
    if (answered.has(question)) needless += 1;
    if (outcome === '200' || outcome === '404') answered.add(question);
  }
  return {
    requests: requests.length,
    faults,
    needless,
    mostInASecond: mostWithin(
      requests.map(({ at }) => at),
      1000,
    ),
  };
}

function mostWithin(times: readonly number[], windowMs: number): number {
  let most = 0;
  let from = 0;
  for (const [at, time] of times.entries()) {
    while ((times[from] ?? time) <= time - windowMs) from += 1;
    most = Math.max(most, at - from + 1);
  }
  return most;
}
