import { z } from 'zod';
import { count } from '../../lib/text.js';
import {
  beginning,
  FOREIGN_NOTE,
  masked,
  oneLine,
  quoted,
  visible,
  withheldNote,
} from '../support/foreign-text.js';
import type { OffLimitsRules } from '../support/off-limits.js';
import { describeFailures } from '../support/unanswered.js';
import type { Asked } from './ask-in-turn.js';
import type { Paper } from './paper.js';

/** A paper in an answer. */
export const PaperAnswer = z.object({
  paper_id: z.string().describe('for the other tools'),
  title: z.string(),
  abstract: z.string().optional(),
  authors: z.array(z.string()),
  year: z.number().optional(),
  published: z.string().optional(),
  venue: z.string().optional(),
  arxiv_id: z.string().optional(),
  doi: z.string().optional(),
  citations: z.number().optional(),
  pdf_url: z.string().optional(),
  withdrawn: z.string().optional().describe('why it no longer stands'),
});

/** Said of every answer about papers. */
export const SourceAnswer = z.object({
  source: z.string().describe('service that answered'),
  note: z.string().describe('how to read text from outside, and what was left out'),
});

const MAX_AUTHORS = 12;
const MAX_ABSTRACT_CHARS = 4000;

export interface ShownPaper {
  readonly text: string;
  readonly data: z.output<typeof PaperAnswer>;
  readonly withheld: number;
}

/** A paper as text and as data, in about `maxChars` characters. */
export function showPaper(paper: Paper, maxChars: number, { texts }: OffLimitsRules): ShownPaper {
  const title = masked(oneLine(paper.title), texts);
  const abstract = masked(visible(paper.abstract ?? ''), texts);
  const room = Math.max(200, Math.min(MAX_ABSTRACT_CHARS, maxChars - 500));
  const data = {
    paper_id: paper.paperId,
    title: title.text,
    ...(abstract.text === '' ? {} : { abstract: beginning(abstract.text, room) }),
    authors: shownAuthors(paper.authors),
    ...optional('year', paper.year),
    ...optional('published', paper.published),
    ...optional('venue', paper.venue === null ? null : oneLine(paper.venue, 120)),
    ...optional('arxiv_id', paper.arxivId),
    ...optional('doi', paper.doi),
    ...optional('citations', paper.citations),
    ...optional('pdf_url', paper.pdfUrl),
    ...optional('withdrawn', paper.withdrawn === null ? null : oneLine(paper.withdrawn)),
  };
  const text = [
    factLine(data),
    quoted([data.title, data.authors.join(', '), data.abstract ?? ''].filter(Boolean).join('\n')),
  ];
  return { text: text.join('\n'), data, withheld: title.withheld + abstract.withheld };
}

function factLine(data: z.output<typeof PaperAnswer>): string {
  const facts = [
    `paper_id ${data.paper_id}`,
    data.arxiv_id === undefined ? '' : `arXiv ${data.arxiv_id}`,
    data.doi === undefined ? '' : `DOI ${oneLine(data.doi, 100)}`,
    data.published ?? data.year ?? '',
    data.citations === undefined ? '' : `cited ${count(data.citations, 'time')}`,
    data.withdrawn === undefined ? '' : 'WITHDRAWN',
  ];
  return facts.filter(fact => fact !== '').join(' · ');
}

function shownAuthors(authors: readonly string[]): string[] {
  const shown = authors.slice(0, MAX_AUTHORS).map(name => oneLine(name, 80));
  return authors.length > MAX_AUTHORS ? [...shown, `and ${authors.length - MAX_AUTHORS} more`] : shown;
}

function optional<Name extends string, T>(name: Name, value: T | null): Partial<Record<Name, T>> {
  return value === null ? {} : ({ [name]: value } as Record<Name, T>); // a computed key loses its name
}

/** What is said around papers: where they are from, what was left out, how to read them. */
export function answerNote(
  asked: Asked<unknown>,
  { hidden = 0, withheld = 0 }: { hidden?: number; withheld?: number },
): string {
  return [
    asked.failures.length === 0 ? '' : `${describeFailures(asked.failures)}; this is from ${asked.source}.`,
    hidden === 0
      ? ''
      : `${hidden === 1 ? 'One paper is' : `${hidden} papers are`} not shown: off limits, or too new for this run.`,
    withheldNote(withheld),
    FOREIGN_NOTE,
  ]
    .filter(Boolean)
    .join(' ');
}
