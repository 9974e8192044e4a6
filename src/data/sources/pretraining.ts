import { basename } from 'node:path';
import { z } from 'zod';
import { type Content, oneEach, type Source } from './source.js';

const TextRow: Content = { kind: 'rows', schema: z.object({ text: z.string() }) };

/** A whole text of the corpus. The hub has one row for each. */
const CorpusText = z
  .object({ filename: z.string(), content: z.string() })
  .transform(({ filename, content }) => ({ name: basename(filename), text: content }));

export const babylm: Source = {
  dataset: {
    id: 'babylm',
    title: 'BabyLM, strict-small: about 10 million words that children hear and read',
    role: 'train',
    format: 'text',
    files: [],
    origin: {
      kind: 'hub',
      repo: 'AlgorithmicResearchGroup/babylm',
      repo_type: 'dataset',
      revision: 'main',
      gated: false,
    },
    licence: "each text's own, for research",
    source: 'https://huggingface.co/datasets/AlgorithmicResearchGroup/babylm (BabyLM challenge, 2023)',
  },
  hub: oneEach(/^(data\/|default\/)?train(-.*|\/.*)?\.parquet$/, () => 'train', {
    kind: 'texts',
    schema: CorpusText,
  }),
};

export const minipile: Source = {
  dataset: {
    id: 'minipile',
    title: 'MiniPile: 1 million documents of the Pile, and 500 to validate on',
    role: 'train',
    format: 'rows',
    files: [],
    origin: {
      kind: 'hub',
      repo: 'JeanKaddour/minipile',
      repo_type: 'dataset',
      revision: '18ad1b0c701eaa0de03d3cecfdd769cbc70ffbd0',
      gated: false,
    },
    licence: "each text's own, for research",
    source: 'https://huggingface.co/datasets/JeanKaddour/minipile (Kaddour, 2023, arXiv 2304.08442)',
  },
  hub: oneEach(/^data\/(train|validation)-\d+-of-\d+.*\.parquet$/, shardName, TextRow),
};

export const c4: Source = {
  dataset: {
    id: 'c4',
    title: 'C4: 989,000 web pages',
    role: 'train',
    format: 'rows',
    files: [],
    origin: {
      kind: 'hub',
      repo: 'AlgorithmicResearchGroup/edge_llm_training',
      repo_type: 'dataset',
      revision: 'main',
      gated: false,
    },
    licence: 'ODC-BY',
    source:
      'https://huggingface.co/datasets/AlgorithmicResearchGroup/edge_llm_training, c4_combined_dataset (Raffel et al., 2020, arXiv 1910.10683)',
  },
  hub: oneEach(/^c4_combined_dataset\/train-\d+-of-\d+.*\.parquet$/, shardName, TextRow),
};

/** `data/train-00003-of-00012-6fbc.parquet` becomes `train-00003.jsonl`. */
function shardName(name: string): string {
  return `${basename(name).replace(/-of-.*$/, '')}.jsonl`;
}
