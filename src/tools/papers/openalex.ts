import { z } from 'zod';
import type { HttpClient } from '../support/http/http-client.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import { askJson } from './ask-json.js';
import type { Paper, PaperList, PaperQuery } from './paper.js';
import type { PaperId } from './paper-id.js';
import type { PaperSource } from './paper-source.js';

const SELECT =
  'id,doi,display_name,publication_year,publication_date,authorships,abstract_inverted_index,best_oa_location,locations,primary_location,cited_by_count,is_retracted';
const MAX_AUTHORS = 50;

const Location = z.object({
  pdf_url: z.string().nullish(),
  landing_page_url: z.string().nullish(),
  source: z.object({ display_name: z.string().nullish() }).nullish(),
});
const Work = z.object({
  id: z.string(),
  doi: z.string().nullish(),
  display_name: z.string().nullish(),
  publication_year: z.number().nullish(),
  publication_date: z.string().nullish(),
  authorships: z
    .array(z.object({ author: z.object({ display_name: z.string().nullish() }).nullish() }))
    .nullish(),
  abstract_inverted_index: z
    .record(z.string(), z.array(z.number().int().nonnegative().max(20_000)))
    .nullish(),
  best_oa_location: Location.nullish(),
  locations: z.array(Location).nullish(),
  primary_location: Location.nullish(),
  cited_by_count: z.number().nullish(),
  is_retracted: z.boolean().nullish(),
});
const Works = z.object({ meta: z.object({ count: z.number() }), results: z.array(Work) });

export interface OpenAlexOptions {
  readonly http: HttpClient;
  readonly baseUrl: string;
  readonly key: string;
  readonly contact: string;
}

/** OpenAlex, https://developers.openalex.org. Knows no ids of Semantic Scholar. */
export class OpenAlex implements PaperSource {
  readonly name = 'OpenAlex';
  readonly #options: OpenAlexOptions;

  constructor(options: OpenAlexOptions) {
    this.#options = options;
  }

  async search(
    { query, limit, years, until }: PaperQuery,
    call: ResearchCall,
  ): Promise<PaperList | undefined> {
    const filters = [
      years.from === null ? '' : `from_publication_date:${years.from}-01-01`,
      earlier(years.to === null ? null : `${years.to}-12-31`, until),
    ].filter(filter => filter !== '');
    return this.#list(call, {
      search: query,
      per_page: String(limit),
      ...(filters.length === 0 ? {} : { filter: filters.join(',') }),
    });
  }

  async details(id: PaperId, call: ResearchCall): Promise<Paper | undefined> {
    const work = await this.#work(id, call);
    return work && toPaper(work);
  }

  async citations(id: PaperId, limit: number, call: ResearchCall): Promise<PaperList | undefined> {
    const work = await this.#work(id, call);
    if (work === undefined) return undefined;
    return this.#list(call, { filter: `cites:${shortId(work.id)}`, per_page: String(Math.min(100, limit)) });
  }

  async #work(id: PaperId, call: ResearchCall): Promise<z.output<typeof Work> | undefined> {
    const name = openAlexName(id);
    return name === undefined ? undefined : this.#ask(`/works/${name}`, Work, call, { select: SELECT });
  }

  async #list(call: ResearchCall, query: Record<string, string>): Promise<PaperList | undefined> {
    const found = await this.#ask('/works', Works, call, { ...query, select: SELECT });
    return found && { papers: found.results.map(toPaper).filter(isPaper), total: found.meta.count };
  }

  async #ask<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    call: ResearchCall,
    query: Record<string, string>,
  ): Promise<z.output<Schema> | undefined> {
    const { http, baseUrl, key, contact } = this.#options;
    const parameters = new URLSearchParams({
      ...query,
      ...(contact === '' ? {} : { mailto: contact }),
      ...(key === '' ? {} : { api_key: key }),
    });
    const url = `${baseUrl.replace(/\/$/, '')}${path}?${parameters}`;
    const answer = await askJson(http, { source: 'openalex', url, headers: {}, schema }, call);
    if (answer.status === 200) return answer.value;
    if (answer.status === 404) return undefined;
    throw new UpstreamFailure('unavailable', { source: this.name, status: answer.status });
  }
}

function openAlexName(id: PaperId): string | undefined {
  switch (id.kind) {
    case 'arxiv':
      return `doi:10.48550/arxiv.${id.value}`;
    case 'doi':
      return `doi:${encodeURI(id.value).replaceAll('?', '%3F').replaceAll('#', '%23')}`;
    case 'pmid':
    case 'pmcid':
    case 'mag':
      return `${id.kind}:${id.value}`;
    case 'openalex':
      return id.value;
    default:
      return undefined;
  }
}

function toPaper(work: z.output<typeof Work>): Paper | undefined {
  if (!work.display_name) return undefined;
  const doi = work.doi?.replace(/^https?:\/\/doi\.org\//i, '') ?? null;
  const arxivId = arxivNumber(work, doi);
  const authors = (work.authorships ?? []).slice(0, MAX_AUTHORS);
  return {
    paperId: arxivId === null ? (doi ?? shortId(work.id)) : `arXiv:${arxivId}`,
    title: work.display_name,
    abstract: abstractOf(work.abstract_inverted_index),
    authors: authors.map(({ author }) => author?.display_name ?? '').filter(name => name !== ''),
    year: work.publication_year ?? null,
    published: work.publication_date ?? null,
    venue: work.primary_location?.source?.display_name ?? null,
    arxivId,
    doi,
    citations: work.cited_by_count ?? null,
    pdfUrl: work.best_oa_location?.pdf_url ?? null,
    withdrawn: work.is_retracted === true ? 'OpenAlex lists it as retracted.' : null,
    version: null,
  };
}

function arxivNumber({ locations }: z.output<typeof Work>, doi: string | null): string | null {
  const inDoi = /^10\.48550\/arxiv\.(.+)$/i.exec(doi ?? '')?.[1];
  const page = (locations ?? []).map(
    ({ landing_page_url: url }) => /arxiv\.org\/abs\/(\S+?)(?:v\d+)?$/.exec(url ?? '')?.[1],
  );
  return inDoi ?? page.find(number => number !== undefined) ?? null;
}

/** Abstracts come as a list of words with their positions. */
function abstractOf(index: Readonly<Record<string, readonly number[]>> | null | undefined): string | null {
  if (index == null) return null;
  const words: string[] = [];
  for (const [word, positions] of Object.entries(index)) {
    for (const position of positions) words[position] = word;
  }
  return words.length === 0 ? null : Array.from(words, word => word ?? '').join(' ');
}

function earlier(a: string | null, b: string | null): string {
  const last = [a, b].filter(date => date !== null).sort()[0];
  return last === undefined ? '' : `to_publication_date:${last}`;
}

function shortId(id: string): string {
  return id.replace(/^https?:\/\/openalex\.org\//i, '');
}

function isPaper(paper: Paper | undefined): paper is Paper {
  return paper !== undefined;
}
