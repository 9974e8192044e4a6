import { z } from 'zod';
import type { Logger } from '../../logger.js';
import type { HttpClient } from '../support/http/http-client.js';
import { UpstreamFailure } from '../support/http/upstream-failure.js';
import type { ResearchCall } from '../support/research-call.js';
import { askJson } from './ask-json.js';
import type { Paper, PaperList, PaperQuery } from './paper.js';
import type { PaperId } from './paper-id.js';
import type { PaperSource } from './paper-source.js';

const FIELDS =
  'title,abstract,authors.name,year,publicationDate,venue,externalIds,citationCount,openAccessPdf';
/** A list of citing papers with abstracts would be megabytes. */
const CITING_FIELDS = 'title,authors.name,year,publicationDate,venue,externalIds,citationCount';

const S2Paper = z.object({
  paperId: z.string().nullish(),
  title: z.string().nullish(),
  abstract: z.string().nullish(),
  authors: z.array(z.object({ name: z.string().nullish() })).nullish(),
  year: z.number().nullish(),
  publicationDate: z.string().nullish(),
  venue: z.string().nullish(),
  externalIds: z.looseObject({ ArXiv: z.string().nullish(), DOI: z.string().nullish() }).nullish(),
  citationCount: z.number().nullish(),
  openAccessPdf: z.object({ url: z.string().nullish() }).nullish(),
});
const Found = z.object({ total: z.coerce.number().nullish(), data: z.array(S2Paper).default([]) });
const Citing = z.object({ data: z.array(z.object({ citingPaper: S2Paper })).nullable() });

export interface SemanticScholarOptions {
  readonly http: HttpClient;
  readonly baseUrl: string;
  readonly key: string;
  readonly log: Logger;
}

/** The Semantic Scholar Graph API, https://api.semanticscholar.org/api-docs/graph. */
export class SemanticScholar implements PaperSource {
  readonly name = 'Semantic Scholar';
  readonly #options: SemanticScholarOptions;
  /** A key that was refused is not sent again; everything works without one, slower. */
  #keyRefused = false;

  constructor(options: SemanticScholarOptions) {
    this.#options = options;
  }

  async search(
    { query, limit, years, until }: PaperQuery,
    call: ResearchCall,
  ): Promise<PaperList | undefined> {
    const found = await this.#ask('/graph/v1/paper/search', Found, call, {
      query: query.replaceAll('-', ' '), // a hyphen matches nothing there
      limit: String(limit),
      fields: FIELDS,
      ...(years.from === null && years.to === null ? {} : { year: `${years.from ?? ''}-${years.to ?? ''}` }),
      ...(until === null ? {} : { publicationDateOrYear: `:${until}` }),
    });
    return found && { papers: found.data.map(toPaper).filter(isPaper), total: found.total ?? null };
  }

  async details(id: PaperId, call: ResearchCall): Promise<Paper | undefined> {
    const name = s2Name(id);
    if (name === undefined) return undefined;
    const found = await this.#ask(`/graph/v1/paper/${encodeURIComponent(name)}`, S2Paper, call, {
      fields: FIELDS,
    });
    return found && toPaper(found);
  }

  async citations(id: PaperId, limit: number, call: ResearchCall): Promise<PaperList | undefined> {
    const name = s2Name(id);
    if (name === undefined) return undefined;
    const path = `/graph/v1/paper/${encodeURIComponent(name)}/citations`;
    const found = await this.#ask(path, Citing, call, { fields: CITING_FIELDS, limit: String(limit) });
    if (found === undefined) return undefined;
    const papers = (found.data ?? []).map(({ citingPaper }) => toPaper(citingPaper)).filter(isPaper);
    return { papers, total: null };
  }

  async #ask<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    call: ResearchCall,
    query: Record<string, string>,
  ): Promise<z.output<Schema> | undefined> {
    const { http, baseUrl, key, log } = this.#options;
    const url = `${baseUrl.replace(/\/$/, '')}${path}?${new URLSearchParams(query)}`;
    const withKey = key !== '' && !this.#keyRefused;
    const headers = withKey ? { 'x-api-key': key } : {};
    const answer = await askJson(http, { source: 'semantic_scholar', url, headers, schema }, call);
    if (answer.status === 200) return answer.value;
    if (withKey && (answer.status === 401 || answer.status === 403)) {
      log.warn('Semantic Scholar refuses the key research.semantic_scholar_key; going on without one');
      this.#keyRefused = true;
      return this.#ask(path, schema, call, query);
    }
    if (answer.status === 404 || answer.status === 400) return undefined; // 400: an id that it does not take
    throw new UpstreamFailure('unavailable', { source: this.name, status: answer.status });
  }
}

function s2Name(id: PaperId): string | undefined {
  switch (id.kind) {
    case 'arxiv':
      return `ARXIV:${id.value}`;
    case 'corpus':
      return `CorpusId:${id.value}`;
    case 's2':
      return id.value;
    case 'openalex':
      return undefined;
    default:
      return `${id.kind.toUpperCase()}:${id.value}`;
  }
}

function toPaper(found: z.output<typeof S2Paper>): Paper | undefined {
  if (found.paperId == null || !found.title) return undefined;
  return {
    paperId: found.paperId,
    title: found.title,
    abstract: found.abstract ?? null,
    authors: (found.authors ?? []).map(({ name }) => name ?? '').filter(name => name !== ''),
    year: found.year ?? null,
    published: found.publicationDate ?? null,
    venue: found.venue || null,
    arxivId: found.externalIds?.ArXiv ?? null,
    doi: found.externalIds?.DOI ?? null,
    citations: found.citationCount ?? null,
    pdfUrl: found.openAccessPdf?.url || null,
    withdrawn: null,
    version: null,
  };
}

function isPaper(paper: Paper | undefined): paper is Paper {
  return paper !== undefined;
}
