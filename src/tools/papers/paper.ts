/** A paper as the tools show it. All texts are foreign. */
export interface Paper {
  /** A form that every tool takes. */
  readonly paperId: string;
  readonly title: string;
  readonly abstract: string | null;
  readonly authors: readonly string[];
  readonly year: number | null;
  /** Day of publication, YYYY-MM-DD. */
  readonly published: string | null;
  readonly venue: string | null;
  readonly arxivId: string | null;
  readonly doi: string | null;
  readonly citations: number | null;
  /** Where a PDF can be read by anyone. */
  readonly pdfUrl: string | null;
  /** Why it no longer stands, in the words of its source. */
  readonly withdrawn: string | null;
  /** Number of the newest version and its day; arXiv alone knows them. */
  readonly version: { readonly number: number; readonly updated: string } | null;
}

export interface PaperList {
  readonly papers: readonly Paper[];
  /** Papers that the source knows in all; null where it does not say. */
  readonly total: number | null;
}

export interface PaperQuery {
  readonly query: string;
  readonly limit: number;
  /** First and last year, both included. */
  readonly years: { readonly from: number | null; readonly to: number | null };
  /** Last day, YYYY-MM-DD, included. */
  readonly until: string | null;
}
