import { z } from 'zod';
import { InputError } from '../../errors.js';
import { count, firstChars, grouped } from '../../lib/text.js';
import { beginResearch } from '../support/begin-research.js';
import { oneLine } from '../support/foreign-text.js';
import { defineTool } from '../tool.js';
import { answerNote, PaperAnswer, SourceAnswer, showPaper } from './paper-answer.js';
import { visiblePapers } from './visible-papers.js';

const MAX_QUERY_CHARS = 400;
const MAX_LIMIT = 50;
const DEFAULT_LIMIT = 10;
const DAY_MS = 86_400_000;

export const searchPapers = defineTool({
  name: 'search_papers',
  title: 'Search papers',
  group: 'papers',
  description:
    'Search scientific papers by key words. Answers with title, abstract, paper_id and arxiv_id, most relevant first. Needs a run.',
  input: z.strictObject({
    query: z
      .string()
      .describe(
        `Key words, for example "layer-wise learning rate small language models"; at most ${MAX_QUERY_CHARS} characters.`,
      ),
    limit: z
      .number()
      .int()
      .optional()
      .describe(`How many papers, 1 to ${MAX_LIMIT}; ${DEFAULT_LIMIT} if left out.`),
    year: z
      .string()
      .optional()
      .describe('Year of publication: "2023", or a range: "2020-2023", "2020-", "-2019".'),
  }),
  output: z.object({
    papers: z.array(PaperAnswer),
    total: z.number().optional().describe('papers that match in all'),
    ...SourceAnswer.shape,
  }),
  effect: 'reads',
  external: true,
  needs: 'run',
  async handle({ query, limit = DEFAULT_LIMIT, year }, context) {
    const words = checkQuery(query);
    const years = parseYears(year);
    const { research, call } = await beginResearch(context);
    const until = dayBefore(call.rules.publishedBefore);
    const wanted = Math.min(MAX_LIMIT, Math.max(1, limit));
    const asked = await research.papers.search({ query: words, limit: wanted, years, until }, call);
    const { papers, hidden } = visiblePapers(asked.value.papers, call.rules);
    const room = Math.floor(context.limits.outputChars / Math.max(1, papers.length));
    const shown = papers.map(paper => showPaper(paper, room, call.rules));
    const withheld = shown.reduce((sum, paper) => sum + paper.withheld, 0);
    const note = answerNote(asked, { hidden, withheld });
    const { total } = asked.value;
    const head = `${count(shown.length, 'paper')} for "${oneLine(words, 100)}"${total === null ? '' : ` of ${total}`}, from ${asked.source}. ${note}`;
    const nothing = 'Nothing was found. Try fewer or other words, or leave year out.';
    return {
      text: [
        head,
        ...(shown.length === 0 ? [nothing] : shown.map((paper, index) => `${index + 1}. ${paper.text}`)),
      ].join('\n\n'),
      data: {
        papers: shown.map(({ data }) => data),
        ...(total === null ? {} : { total }),
        source: asked.source,
        note: shown.length === 0 ? `${nothing} ${note}` : note,
      },
    };
  },
});

function checkQuery(query: string): string {
  const words = oneLine(query, query.length + 1);
  if (words === '')
    throw new InputError(
      'The query is empty. Give a few key words, for example "small language model pretraining".',
    );
  if (words.length > MAX_QUERY_CHARS) {
    throw new InputError(
      `The query has ${grouped(words.length)} characters, at most ${MAX_QUERY_CHARS} are taken. Give the few key words that matter.`,
    );
  }
  return words;
}

function parseYears(year: string | undefined): { from: number | null; to: number | null } {
  if (year === undefined || year.trim() === '') return { from: null, to: null };
  const [, single, from, to] = /^(?:(\d{4})|(\d{4})?\s*[-–]\s*(\d{4})?)$/.exec(year.trim()) ?? [];
  if (single !== undefined) return { from: Number(single), to: Number(single) };
  if (from === undefined && to === undefined) {
    throw new InputError(
      `The year "${firstChars(year, 40)}" is not one. Give "2023", or a range such as "2020-2023", "2020-" or "-2019".`,
    );
  }
  if (from !== undefined && to !== undefined && Number(from) > Number(to)) {
    throw new InputError(`The years ${from}-${to} run backwards. Give "${to}-${from}".`);
  }
  return { from: from === undefined ? null : Number(from), to: to === undefined ? null : Number(to) };
}

function dayBefore(day: string | null): string | null {
  return day === null ? null : new Date(Date.parse(day) - DAY_MS).toISOString().slice(0, 10);
}
