import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { exactly, recipe, type Source } from './source.js';

/** The hub's rows are the lines of the original file; a line that held one space is an empty row there. */
const WikiTextLine = z.object({ text: z.string() }).transform(({ text }) => (text === '' ? ' \n' : text));

export const wikitext2Test: Source = {
  dataset: {
    id: 'wikitext2_test',
    title: "WikiText-2, the test text that every submission's perplexity is measured on",
    role: 'eval',
    format: 'text',
    folder: 'wikitext2',
    files: canonicalFiles('wikitext2_test'),
    origin: {
      kind: 'hub',
      repo: 'Salesforce/wikitext',
      repo_type: 'dataset',
      revision: 'b08601e04326c79dfdd32d625aee71d232d685c3',
      gated: false,
    },
    licence: 'CC BY-SA',
    source: 'https://huggingface.co/datasets/Salesforce/wikitext (Merity et al., 2016, arXiv 1609.07843)',
  },
  hub: recipe([
    {
      path: 'test.txt',
      from: /^wikitext-2-v1\/test-.*\.parquet$/,
      content: { kind: 'text', schema: WikiTextLine },
    },
  ]),
  folder: recipe([{ path: 'test.txt', from: exactly('text/wikitext2_test.txt'), content: { kind: 'copy' } }]),
};
