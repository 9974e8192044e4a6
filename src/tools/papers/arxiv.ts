import { XMLParser } from 'fast-xml-parser';
import { z } from 'zod';
import type { HttpClient } from '../support/http/http-client.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import { sameOrigin } from '../support/same-origin.js';
import type { Paper, PaperList, PaperQuery } from './paper.js';
import type { PaperId } from './paper-id.js';
import type { PaperSource } from './paper-source.js';

const DAY_MS = 86_400_000;
const MAX_BYTES = 4_000_000;
const ATTEMPTS = 4;

const Text = z.coerce.string();
const Entry = z.object({
  id: Text,
  title: Text.default(''),
  summary: Text.default(''),
  published: Text.default(''),
  updated: Text.default(''),
  author: z.array(z.object({ name: Text })).default([]),
  'arxiv:comment': Text.optional(),
  'arxiv:doi': Text.optional(),
  'arxiv:journal_ref': Text.optional(),
});
const Feed = z.object({
  feed: z.object({
    'opensearch:totalResults': z.coerce.number().default(0),
    entry: z.array(Entry).default([]),
  }),
});

export interface ArxivOptions {
  readonly http: HttpClient;
  readonly baseUrl: string;
}

/** arXiv's own API, an Atom feed: https://info.arxiv.org/help/api/user-manual.html. Knows its own papers, and no citations. */
export class Arxiv implements PaperSource {
  readonly name = 'arXiv';
  readonly #options: ArxivOptions;

  constructor(options: ArxivOptions) {
    this.#options = options;
  }

  async search(
    { query, limit, years, until }: PaperQuery,
    call: ResearchCall,
  ): Promise<PaperList | undefined> {
    const words = query.match(/[\p{L}\p{N}.]+/gu) ?? [];
    if (words.length === 0) return undefined;
    const terms = words.map(word => `all:${word}`);
    const from = years.from === null ? '19910101' : `${years.from}0101`;
    const to = [
      years.to === null ? '29991231' : `${years.to}1231`,
      until?.replaceAll('-', '') ?? '29991231',
    ].sort()[0];
    const dated = years.from !== null || years.to !== null || until !== null;
    const range = dated ? [`submittedDate:[${from}0000 TO ${to}2359]`] : [];
    const feed = await this.#ask(call, {
      search_query: [...terms, ...range].join(' AND '),
      max_results: String(limit),
      sortBy: 'relevance',
    });
    return { papers: feed.entry.filter(isNoError).map(toPaper), total: feed['opensearch:totalResults'] };
  }

  async details(id: PaperId, call: ResearchCall): Promise<Paper | undefined> {
    const number = id.kind === 'arxiv' ? id.value : undefined;
    if (number === undefined) return undefined;
    const { entry } = await this.#ask(call, { id_list: number, max_results: '1' });
    const [first] = entry.filter(isNoError);
    return first === undefined || first.title === '' ? undefined : toPaper(first);
  }

  async citations(): Promise<PaperList | undefined> {
    return undefined;
  }

  async #ask(call: ResearchCall, query: Record<string, string>): Promise<z.output<typeof Feed>['feed']> {
    const { http, baseUrl } = this.#options;
    const url = `${baseUrl.replace(/\/$/, '')}/api/query?${new URLSearchParams(query)}`;
    const answer = await http.get({
      source: 'arxiv',
      url,
      headers: { accept: 'application/atom+xml' },
      maxBytes: MAX_BYTES,
      freshMs: DAY_MS,
      attempts: ATTEMPTS,
      deadline: call.deadline,
      lingerMs: 0,
      check: async kept => void parseFeed(await kept.read()),
      allow: sameOrigin(url, 'arxiv', call.rules),
      record: call.record,
      signal: call.signal,
    });
    if (answer.status === 400 || answer.status === 404) return { 'opensearch:totalResults': 0, entry: [] };
    if (answer.status !== 200)
      throw new UpstreamFailure('unavailable', { source: this.name, status: answer.status });
    return parseFeed(await answer.read());
  }
}

const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  trimValues: true,
  htmlEntities: false,
  isArray: name => name === 'entry' || name === 'author',
});

function parseFeed(body: Buffer): z.output<typeof Feed>['feed'] {
  const text = body.toString('utf8');
  try {
    if (/<!DOCTYPE|<!ENTITY/i.test(text.slice(0, 2000))) throw new Error('not a feed'); // a page, or a bomb of entities
    return Feed.parse(parser.parse(text)).feed;
  } catch (error) {
    throw new UpstreamFailure('garbage', { source: 'arXiv', cause: error });
  }
}

/** Errors come as an entry of a feed. */
function isNoError({ id, title }: z.output<typeof Entry>): boolean {
  return !id.includes('/api/errors') && title !== 'Error';
}

function toPaper(entry: z.output<typeof Entry>): Paper {
  const [, number = '', version = '1'] = /\/abs\/(.+?)(?:v(\d+))?$/.exec(entry.id) ?? [];
  const published = entry.published.slice(0, 10);
  return {
    paperId: `arXiv:${number}`,
    title: entry.title.replaceAll(/\s+/g, ' '),
    abstract: entry.summary || null,
    authors: entry.author.map(({ name }) => name),
    year: Number(published.slice(0, 4)) || null,
    published: published || null,
    venue: entry['arxiv:journal_ref'] ?? null,
    arxivId: number,
    doi: entry['arxiv:doi'] ?? null,
    citations: null,
    pdfUrl: null,
    withdrawn: withdrawal(entry),
    version: { number: Number(version), updated: entry.updated.slice(0, 10) },
  };
}

/** arXiv says so in words only. */
function withdrawal(entry: z.output<typeof Entry>): string | null {
  const comment = entry['arxiv:comment'] ?? '';
  if (/\bwithdrawn\b/i.test(comment)) return comment;
  return /\b(paper|submission|article|manuscript|preprint) (has been|is|was) withdrawn\b/i.test(entry.summary)
    ? entry.summary
    : null;
}
