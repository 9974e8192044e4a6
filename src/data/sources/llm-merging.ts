import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { type Content, exactly, recipe, type Source } from './source.js';

/** A row of the competition's own files. */
const CsvRow = z.object({
  id: z.coerce.number().pipe(z.int().nonnegative()),
  input: z.string(),
  target: z.string(),
  answer_choices: z.string(),
  eval_type: z.enum(['multiple_choice', 'generation']),
});

/**
 * The hub's rows name the right answer by its place, and have no numbers. They become those of the competition's files, whose lists are
 * written as Python writes them.
 */
const HubRow = z
  .object({
    input: z.string(),
    target: z.union([z.string(), z.number()]),
    answer_choices: z.array(z.string()).nullish(),
    label: z.int().nullish(),
  })
  .transform(({ input, target, answer_choices, label }) =>
    answer_choices === null || answer_choices === undefined
      ? { input, target: String(target), answer_choices: 'None', eval_type: 'generation' }
      : {
          input,
          target: String(label ?? target),
          answer_choices: `[${answer_choices.map(pythonText).join(', ')}]`,
          eval_type: 'multiple_choice',
        },
  );

function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

async function* numbered(rows: AsyncIterable<object>): AsyncIterable<object> {
  let id = 0;
  for await (const row of rows) {
    yield { id, ...row };
    id += 1;
  }
}

const OfFile: Content = { kind: 'rows', schema: CsvRow };
const OfHub: Content = { kind: 'rows', schema: HubRow, select: numbered };

export const llmMerging: Source = {
  dataset: {
    id: 'llm_merging',
    title: 'The validation sets of the LLM merging competition: CosmosQA and XSum',
    role: 'train',
    format: 'rows',
    files: canonicalFiles('llm_merging'),
    origin: {
      kind: 'hub',
      repo: 'AlgorithmicResearchGroup/llm_merging',
      repo_type: 'dataset',
      revision: 'main',
      gated: false,
    },
    licence: "each set's own, for research",
    source:
      'LLM Merging competition (NeurIPS 2024), https://huggingface.co/datasets/AlgorithmicResearchGroup/llm_merging',
  },
  hub: recipe([
    { path: 'cosmos_qa.csv', from: /^cosmos_?qa\/train-.*\.parquet$/, content: OfHub },
    { path: 'xsum.csv', from: /^xsum\/train-.*\.parquet$/, content: OfHub },
  ]),
  folder: recipe([
    { path: 'cosmos_qa.csv', from: exactly('llm_merging/cosmos_qa.csv'), content: OfFile },
    { path: 'xsum.csv', from: exactly('llm_merging/xsum.csv'), content: OfFile },
  ]),
};
