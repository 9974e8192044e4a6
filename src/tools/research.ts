import { join } from 'node:path';
import type { Config } from '../config.js';
import type { Logger } from '../logger.js';
import type { OffLimits } from '../tasks/task.js';
import { GitHubClient } from './github/github-client.js';
import { Arxiv } from './papers/arxiv.js';
import { OpenAlex } from './papers/openalex.js';
import { PaperDesk } from './papers/paper-desk.js';
import { PaperTexts } from './papers/paper-texts.js';
import { SemanticScholar } from './papers/semantic-scholar.js';
import type { Pace } from './support/http/host-gate.js';
import { HttpClient } from './support/http/http-client.js';
import type { Source } from './support/http/http-request.js';
import { OffLimitsRules } from './support/off-limits.js';
import { type WithheldOptions, withheldTexts } from './support/withheld-texts.js';

/** What looks things up outside. One for all runs of a server; every process of a home folder shares cache and limits on disk. */
export interface Research extends AsyncDisposable {
  readonly papers: PaperDesk;
  readonly texts: PaperTexts;
  readonly github: GitHubClient;
  /** The rules of a task, with the operator's date bound. */
  rulesFor(offLimits: OffLimits): Promise<OffLimitsRules>;
}

export interface ResearchOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly version: string;
  /** Folder with the data of the package, for texts that are withheld. */
  readonly packageData: string;
  /** Other data sets whose texts are withheld, by id; null where one is not on this host. */
  readonly evaluationTexts: WithheldOptions['evaluationTexts'];
  /** Paces other than the services' own, for services that are not theirs. */
  readonly paces?: Partial<Record<Source, Pace>>;
}

/**
 * What the services allow without a contract: Semantic Scholar 1 a second with a key and less in bad times without; arXiv one
 * every 3 s, one at a time (https://info.arxiv.org/help/api/tou.html); OpenAlex 100 a second, of which a tenth is plenty;
 * GitHub 900 points a minute (https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
function usualPaces(perSecond: number): Record<Source, Pace> {
  return {
    semantic_scholar: {
      requests: Math.max(1, Math.floor(perSecond)),
      windowMs: 1000 * Math.max(1, 1 / perSecond),
      concurrent: 8,
    },
    arxiv: { requests: 1, windowMs: 3000, concurrent: 1 },
    openalex: { requests: 10, windowMs: 1000, concurrent: 8 },
    github: { requests: 10, windowMs: 1000, concurrent: 10 },
    pdf: { requests: 1, windowMs: 1000, concurrent: 2 },
  };
}

/** Makes the clients. Nothing is asked before a tool needs it. */
export function createResearch({
  config,
  log,
  version,
  packageData,
  evaluationTexts,
  paces,
}: ResearchOptions): Research {
  const settings = config.research;
  const folder = join(config.home, 'cache');
  const userAgent = `mlrb/${version}${settings.contact === '' ? '' : ` (mailto:${settings.contact})`}`;
  const http = new HttpClient({
    folder: join(folder, 'http'),
    cacheBytes: settings.cache_mb * 1e6,
    paces: { ...usualPaces(settings.semantic_scholar_per_s), ...paces },
    userAgent,
    proxy: settings.proxy,
    noProxy: settings.no_proxy,
    trustedOrigins: changedOrigins(settings),
  });
  const texts = new PaperTexts({ http, arxivUrl: settings.arxiv_url, log });
  const withheld = once((wanted: string) =>
    withheldTexts(JSON.parse(wanted), { packageData, folder: join(folder, 'ngrams'), evaluationTexts }),
  );
  return {
    papers: new PaperDesk(
      new SemanticScholar({
        http,
        baseUrl: settings.semantic_scholar_url,
        key: settings.semantic_scholar_key,
        log,
      }),
      new Arxiv({ http, baseUrl: settings.arxiv_api_url }),
      new OpenAlex({
        http,
        baseUrl: settings.openalex_url,
        key: settings.openalex_key,
        contact: settings.contact,
      }),
    ),
    texts,
    github: new GitHubClient({
      http,
      baseUrl: settings.github_url,
      token: settings.github_token,
      userAgent,
      log,
    }),
    async rulesFor(offLimits) {
      const texts = await withheld(JSON.stringify(offLimits));
      return new OffLimitsRules(offLimits, settings.published_before, texts);
    },
    async [Symbol.asyncDispose]() {
      await texts[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
    },
  };
}

const USUAL_ORIGINS = [
  'https://api.semanticscholar.org',
  'https://export.arxiv.org',
  'https://arxiv.org',
  'https://api.openalex.org',
  'https://api.github.com',
];

/** Addresses that the operator set: these, and no others, may be private. */
function changedOrigins(settings: Config['research']): string[] {
  const { semantic_scholar_url, arxiv_api_url, arxiv_url, openalex_url, github_url } = settings;
  const origins = [semantic_scholar_url, arxiv_api_url, arxiv_url, openalex_url, github_url].map(
    url => new URL(url).origin,
  );
  return origins.filter(origin => !USUAL_ORIGINS.includes(origin));
}

/** Remembers what was made for a name; a failure is tried again. */
function once<T>(make: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return name => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const making = make(name);
    made.set(name, making);
    making.catch(() => made.delete(name));
    return making;
  };
}
