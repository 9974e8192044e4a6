import { InputError } from '../../errors.js';
import type { ResearchCall } from '../support/research-call.js';
import { type Asked, askInTurn } from './ask-in-turn.js';
import type { Paper, PaperList, PaperQuery } from './paper.js';
import { type PaperId, showPaperId } from './paper-id.js';
import type { PaperSource } from './paper-source.js';
import { refuseHidden, refuseHiddenId } from './visible-papers.js';

/** Finds papers in whichever source answers. */
export class PaperDesk {
  readonly #semanticScholar: PaperSource;
  readonly #arxiv: PaperSource;
  readonly #openAlex: PaperSource;

  constructor(semanticScholar: PaperSource, arxiv: PaperSource, openAlex: PaperSource) {
    this.#semanticScholar = semanticScholar;
    this.#arxiv = arxiv;
    this.#openAlex = openAlex;
  }

  /** @throws LimitError if no source answered. */
  async search(query: PaperQuery, call: ResearchCall): Promise<Asked<PaperList>> {
    const sources = [this.#semanticScholar, this.#openAlex, this.#arxiv];
    const found = await askInTurn(sources, (source, shared) => source.search(query, shared), call);
    return found ?? { value: { papers: [], total: 0 }, source: this.#semanticScholar.name, failures: [] };
  }

  /** @throws InputError if no source knows the paper or it must not be shown, LimitError if none answered. */
  async details(id: PaperId, call: ResearchCall): Promise<Asked<Paper>> {
    refuseHiddenId(id, call);
    const found = await askInTurn(this.#sourcesFor(id), (source, shared) => source.details(id, shared), call);
    if (found === undefined) throw unknownPaper(id);
    refuseHidden(found.value, id, call);
    return found;
  }

  /** What arXiv itself says of one of its papers: it alone knows versions and withdrawals. */
  async arxivDetails(id: PaperId, call: ResearchCall): Promise<Paper | undefined> {
    return this.#arxiv.details(id, call);
  }

  /** A PDF that anyone can read, where the first source knew none. */
  async openPdf(id: PaperId, call: ResearchCall): Promise<string | null> {
    const paper = await this.#openAlex.details(id, call).catch(() => undefined);
    return paper?.pdfUrl ?? null;
  }

  /** @throws InputError if no source knows the paper or it must not be shown, LimitError if none answered. */
  async citations(id: PaperId, limit: number, call: ResearchCall): Promise<Asked<PaperList>> {
    refuseHiddenId(id, call);
    const sources = [this.#semanticScholar, this.#openAlex];
    const found = await askInTurn(sources, (source, shared) => source.citations(id, limit, shared), call);
    if (found === undefined) throw unknownPaper(id);
    return found;
  }

  /** Sources that can know a paper by this kind of id, the one that knows most first. */
  #sourcesFor({ kind }: PaperId): PaperSource[] {
    if (kind === 'arxiv') return [this.#semanticScholar, this.#arxiv, this.#openAlex];
    if (kind === 'openalex') return [this.#openAlex];
    if (kind === 's2' || kind === 'corpus' || kind === 'acl') return [this.#semanticScholar];
    return [this.#semanticScholar, this.#openAlex];
  }
}

function unknownPaper(id: PaperId): InputError {
  return new InputError(
    `No paper ${showPaperId(id)} is known to the services that were asked. Check the id, or look for the title with search_papers.`,
  );
}
