import { z } from 'zod';
import { count } from '../../lib/text.js';
import { beginResearch } from '../support/begin-research.js';
import { defineTool } from '../tool.js';
import { PaperIdArgument } from './get-paper-details.js';
import { answerNote, PaperAnswer, SourceAnswer, showPaper } from './paper-answer.js';
import { parsePaperId, showPaperId } from './paper-id.js';
import { visiblePapers } from './visible-papers.js';

/** How many are asked for; how many are told depends on the room in an answer. */
const ASKED = 100;
const CHARS_PER_PAPER = 300;

export const getPaperCitations = defineTool({
  name: 'get_paper_citations',
  title: 'Papers that cite a paper',
  group: 'papers',
  description: 'Papers that cite a given one, with title, authors, year and paper_id. Needs a run.',
  input: z.strictObject({ paper_id: PaperIdArgument }),
  output: z.object({
    paper_id: z.string().describe('the cited paper'),
    papers: z.array(PaperAnswer),
    total: z.number().optional().describe('citing papers in all'),
    ...SourceAnswer.shape,
  }),
  effect: 'reads',
  external: true,
  needs: 'run',
  async handle({ paper_id }, context) {
    const id = parsePaperId(paper_id);
    const { research, call } = await beginResearch(context);
    const asked = await research.papers.citations(id, ASKED, call);
    const { papers, hidden } = visiblePapers(asked.value.papers, call.rules);
    const fitting = papers.slice(0, Math.floor(context.limits.outputChars / CHARS_PER_PAPER));
    const shown = fitting.map(paper => showPaper({ ...paper, abstract: null }, CHARS_PER_PAPER, call.rules));
    const withheld = shown.reduce((sum, paper) => sum + paper.withheld, 0);
    const note = answerNote(asked, { hidden, withheld });
    const { total } = asked.value;
    const many = total === null ? '' : ` of ${total}`;
    const head =
      shown.length === 0
        ? `No paper that cites ${showPaperId(id)} is known to ${asked.source}.`
        : `${count(shown.length, 'paper')}${many} that cite ${showPaperId(id)}, from ${asked.source}. ${note}`;
    return {
      text: [head, ...shown.map((paper, index) => `${index + 1}. ${paper.text}`)].join('\n\n'),
      data: {
        paper_id: showPaperId(id),
        papers: shown.map(({ data }) => data),
        ...(total === null ? {} : { total }),
        source: asked.source,
        note,
      },
    };
  },
});
