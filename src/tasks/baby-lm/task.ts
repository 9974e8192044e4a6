import { builtInTask } from '../built-in-task.js';
import { blimp } from '../evaluators.js';
import { FULL_BUDGET } from '../full-budget.js';
import { BLIMP, offLimits } from '../off-limits.js';
import { FORMAT_RULES, FROM_SCRATCH, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

export const babyLm: Task = {
  id: 'baby_lm',
  version: 1,
  title: 'Language model from scratch on ten million words',
  suite: 'mlrb',
  summary:
    'Train a language model from scratch on about ten million words, so that it prefers grammatical sentences.',
  budget: FULL_BUDGET,
  network: 'none',
  data: [
    {
      path: 'babylm',
      dataset: 'babylm',
      description:
        'The strict-small corpus of the BabyLM challenge, about 10 million words of the kind that children hear and read (talk, subtitles, stories, simple articles): one long text file for each source, in `train/`.',
      licence: "each text's own, for research",
      source: 'https://huggingface.co/datasets/AlgorithmicResearchGroup/babylm (BabyLM challenge, 2023)',
    },
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 4_100_000_000,
    max_parameters: 1_000_000_000,
  },
  rules: [
    FROM_SCRATCH,
    { id: 'given_data', text: 'Nothing but the given corpus is used for training, the tokenizer included.' },
    noEvaluationText('blimp'),
    ...FORMAT_RULES,
  ],
  evaluators: [blimp()],
  off_limits: offLimits(BLIMP),
  options: [blimp(100)],
};

export const babyLmFolder = builtInTask(babyLm, import.meta.url);
