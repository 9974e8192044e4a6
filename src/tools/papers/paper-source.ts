import type { ResearchCall } from '../support/research-call.js';
import type { Paper, PaperList, PaperQuery } from './paper.js';
import type { PaperId } from './paper-id.js';

/**
 * A service that knows papers. Each method answers undefined where this service cannot know the answer, or has no such
 * paper, and throws UpstreamFailure where it did not answer.
 */
export interface PaperSource {
  /** As it is named to the contestant. */
  readonly name: string;
  search(query: PaperQuery, call: ResearchCall): Promise<PaperList | undefined>;
  details(id: PaperId, call: ResearchCall): Promise<Paper | undefined>;
  citations(id: PaperId, limit: number, call: ResearchCall): Promise<PaperList | undefined>;
}
