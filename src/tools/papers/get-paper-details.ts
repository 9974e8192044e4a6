import { z } from 'zod';
import { beginResearch } from '../support/begin-research.js';
import { defineTool } from '../tool.js';
import { answerNote, PaperAnswer, SourceAnswer, showPaper } from './paper-answer.js';
import { parsePaperId } from './paper-id.js';

export const PaperIdArgument = z
  .string()
  .describe(
    'Any id of a paper: paper_id from search_papers, arXiv number with or without version ("2410.22553v1"), DOI, address, "CorpusID:123".',
  );

export const getPaperDetails = defineTool({
  name: 'get_paper_details',
  title: 'Details of a paper',
  group: 'papers',
  description: 'Title, authors, abstract, date, ids and open PDF of one paper. Needs a run.',
  input: z.strictObject({ paper_id: PaperIdArgument }),
  output: z.object({ ...PaperAnswer.shape, ...SourceAnswer.shape, next: z.string() }),
  effect: 'reads',
  external: true,
  needs: 'run',
  async handle({ paper_id }, context) {
    const id = parsePaperId(paper_id);
    const { research, call } = await beginResearch(context);
    const asked = await research.papers.details(id, call);
    const { text, data, withheld } = showPaper(asked.value, context.limits.outputChars, call.rules);
    const note = answerNote(asked, { withheld });
    const withdrawn = data.withdrawn === undefined ? '' : `This paper was withdrawn: "${data.withdrawn}"`;
    const next = `Call download_paper with paper_id "${data.arxiv_id === undefined ? data.paper_id : `arXiv:${data.arxiv_id}`}" for its text.`;
    return {
      text: [`From ${asked.source}. ${note}`, withdrawn, text, next].filter(Boolean).join('\n'),
      data: { ...data, source: asked.source, note, next },
    };
  },
});
