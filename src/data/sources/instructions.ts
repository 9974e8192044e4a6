import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { exactly, recipe, type Source } from './source.js';

const AlpacaRow = z.object({ instruction: z.string(), input: z.string(), output: z.string() });

const DollyRow = z.object({
  instruction: z.string(),
  context: z.string(),
  response: z.string(),
  category: z.string(),
});

/** One message of a conversation; `parent_id` leads to the one before it. */
const OasstRow = z.object({
  message_id: z.string(),
  parent_id: z.string().nullable(),
  message_tree_id: z.string(),
  role: z.enum(['prompter', 'assistant']),
  text: z.string(),
  lang: z.string(),
  rank: z
    .number()
    .nullish()
    .transform(rank => rank ?? null),
});

const LimaRow = z.object({ conversations: z.array(z.string()).nonempty(), source: z.string() });

export const alpaca: Source = {
  dataset: {
    id: 'alpaca',
    title: 'Alpaca, cleaned: instructions and answers',
    role: 'train',
    format: 'rows',
    files: canonicalFiles('alpaca'),
    origin: hub('yahma/alpaca-cleaned', '12567cabf869d7c92e573c7c783905fc160e9639'),
    licence: 'CC BY 4.0 (the answers: CC BY-NC 4.0)',
    source: 'https://huggingface.co/datasets/yahma/alpaca-cleaned (Taori et al., 2023)',
  },
  hub: recipe([
    {
      path: 'alpaca.jsonl',
      from: exactly('alpaca_data_cleaned.json'),
      content: { kind: 'rows', schema: AlpacaRow },
    },
  ]),
  folder: recipe([
    {
      path: 'alpaca.jsonl',
      from: exactly('text/alpaca_sample.json'),
      content: { kind: 'rows', schema: AlpacaRow },
    },
  ]),
};

export const dolly: Source = {
  dataset: {
    id: 'dolly',
    title: 'Dolly 15k: instructions and answers by people',
    role: 'train',
    format: 'rows',
    files: [{ path: 'dolly.jsonl', rows: 15_011 }],
    origin: hub('databricks/databricks-dolly-15k', 'bdd27f4d94b9c1f951818a7da7fd7aeea5dbff1a'),
    licence: 'CC BY-SA 3.0',
    source: 'https://huggingface.co/datasets/databricks/databricks-dolly-15k',
  },
  hub: recipe([
    {
      path: 'dolly.jsonl',
      from: exactly('databricks-dolly-15k.jsonl'),
      content: { kind: 'rows', schema: DollyRow },
    },
  ]),
};

export const oasst1: Source = {
  dataset: {
    id: 'oasst1',
    title: 'OpenAssistant conversations, message by message',
    role: 'train',
    format: 'rows',
    files: [{ path: 'train.jsonl' }, { path: 'validation.jsonl' }],
    origin: hub('OpenAssistant/oasst1', 'fdf72ae0827c1cda404aff25b6603abec9e3399b'),
    licence: 'Apache-2.0',
    source: 'https://huggingface.co/datasets/OpenAssistant/oasst1 (Köpf et al., 2023, arXiv 2304.07327)',
  },
  hub: recipe(
    ['train', 'validation'].map(split => ({
      path: `${split}.jsonl`,
      from: new RegExp(`^data/${split}-.*\\.parquet$`),
      content: { kind: 'rows', schema: OasstRow },
    })),
  ),
};

export const lima: Source = {
  dataset: {
    id: 'lima',
    title: 'LIMA: 1,000 chosen instructions and answers',
    role: 'train',
    format: 'rows',
    files: [{ path: 'lima.jsonl' }],
    origin: { ...hub('GAIR/lima', '68958e98267f5fb4a52a03ebcdae4ae59213fa7c'), gated: true },
    licence: 'CC BY-NC-SA, or stricter where the sources are',
    source: 'https://huggingface.co/datasets/GAIR/lima (Zhou et al., 2023, arXiv 2305.11206)',
  },
  hub: recipe([
    { path: 'lima.jsonl', from: exactly('train.jsonl'), content: { kind: 'rows', schema: LimaRow } },
  ]),
};

function hub(repo: string, revision: string) {
  return { kind: 'hub', repo, repo_type: 'dataset', revision, gated: false } as const;
}
