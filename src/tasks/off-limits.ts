import type { OffLimits } from './task.js';

type Part = Partial<Omit<OffLimits, 'published_before'>>;

/** The original benchmark: its tasks, its data, what agents handed in, and what they scored. */
const BENCHMARK: Part = {
  repositories: ['AlgorithmicResearchGroup/*'],
  papers: ['2410.22553'],
  pages: ['huggingface.co/AlgorithmicResearchGroup', 'huggingface.co/datasets/AlgorithmicResearchGroup'],
};

export const BLIMP: Part = {
  repositories: [
    '*/blimp', // alexwarstadt/blimp and its copies: the sentence pairs
    'alexwarstadt/data_generation', // the program that wrote them, with its vocabulary
    '*/evaluation-pipeline', // of the BabyLM challenge: the pairs, filtered
    'babylm/*',
  ],
  pages: [
    'huggingface.co/datasets/nyu-mll/blimp',
    'huggingface.co/datasets/blimp',
    'huggingface.co/spaces/babylm',
    'babylm.github.io',
    'raw.githubusercontent.com/alexwarstadt/blimp',
    'github.com/alexwarstadt/blimp',
  ],
  texts: ['eval/blimp.jsonl'],
};

export const MMLU: Part = {
  repositories: [
    'hendrycks/test', // the questions lie behind its link, the answers of models beside them
    '*/mmlu',
    '*/mmlu-redux',
    '*/mmlu-pro', // half of its questions are MMLU's
    'openai/simple-evals',
  ],
  pages: [
    'people.eecs.berkeley.edu/~hendrycks',
    'huggingface.co/datasets/cais/mmlu',
    'huggingface.co/datasets/hendrycks_test',
    'huggingface.co/datasets/lukaemon/mmlu',
    'huggingface.co/datasets/edinburgh-dawg',
    'huggingface.co/datasets/TIGER-Lab/MMLU-Pro',
    'raw.githubusercontent.com/hendrycks/test',
    'github.com/hendrycks/test',
    'openaipublic.blob.core.windows.net/simple-evals',
  ],
  data_sets: ['mmlu'],
};

export const SUPER_GLUE: Part = {
  repositories: [
    '*/superglue',
    '*/super_glue',
    'google-research-datasets/boolean-questions', // BoolQ
    'mcdm/commitmentbank', // CB
    'drwiner/copa', // COPA, with its answers
    'cogcomp/multirc',
  ],
  pages: [
    'super.gluebenchmark.com',
    'dl.fbaipublicfiles.com/glue/superglue',
    'huggingface.co/datasets/super_glue',
    'huggingface.co/datasets/aps/super_glue',
    'huggingface.co/datasets/boolq',
    'huggingface.co/datasets/google/boolq',
    'cogcomp.seas.upenn.edu/multirc',
    'sheng-z.github.io/ReCoRD-explorer',
    'pilehvar.github.io/wic',
  ],
  data_sets: ['super_glue'],
};

/** Auto-formalisation: statements whose formal proofs are scored on. */
export const FORMAL_PROOFS: Part = {
  repositories: [
    '*/minif2f', // openai/miniF2F, facebookresearch/miniF2F and their copies
    '*/minif2f-lean4',
    '*/mustard', // the set of the auto-formalisation track
    '*/mustardsauce',
  ],
  pages: [
    'huggingface.co/datasets/hoskinson-center/minif2f-lean4',
    'huggingface.co/datasets/cat-searcher/minif2f-lean4',
    'huggingface.co/datasets/Tonic/MiniF2F',
    'raw.githubusercontent.com/facebookresearch/miniF2F',
    'raw.githubusercontent.com/openai/miniF2F',
    'github.com/facebookresearch/miniF2F',
    'github.com/openai/miniF2F',
  ],
  data_sets: ['minif2f_heldout', 'math_reasoning_heldout'],
};

/** The small texts whose ends are held out, where they lie whole. */
export const SHAKESPEARE: Part = {
  repositories: ['*/char-rnn', '*/tinyshakespeare', '*/tiny_shakespeare', '*/tiny-shakespeare'],
  pages: [
    'raw.githubusercontent.com/karpathy/char-rnn',
    'github.com/karpathy/char-rnn',
    'huggingface.co/datasets/karpathy/tiny_shakespeare',
    'huggingface.co/datasets/tiny_shakespeare',
  ],
  data_sets: ['tinyshakespeare_heldout'],
};
export const WIKITEXT: Part = {
  repositories: [
    '*/wikitext',
    '*/wikitext-2',
    'pytorch/examples', // its word_language_model holds WikiText-2
  ],
  pages: [
    'raw.githubusercontent.com/pytorch/examples',
    'huggingface.co/datasets/wikitext',
    'huggingface.co/datasets/Salesforce/wikitext',
    's3.amazonaws.com/research.metamind.io/wikitext',
  ],
  data_sets: ['wikitext2_heldout'],
};

/** The original benchmark, and what the evaluations of a task are made of. */
export function offLimits(...parts: readonly Part[]): OffLimits {
  const all = [BENCHMARK, ...parts];
  const joined = (key: keyof Part) => [...new Set(all.flatMap(part => part[key] ?? []))];
  return {
    repositories: joined('repositories'),
    papers: joined('papers'),
    pages: joined('pages'),
    texts: joined('texts'),
    data_sets: joined('data_sets'),
  };
}
