import { builtInTask } from '../built-in-task.js';
import { SUPER_GLUE_DEV } from '../dev-data.js';
import { superGlue } from '../evaluators.js';
import { FULL_BUDGET } from '../full-budget.js';
import { offLimits, SUPER_GLUE } from '../off-limits.js';
import { FORMAT_RULES, FROM_SCRATCH, NO_QUANTISATION, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

const ONE_GB = 1_000_000_000;

export const edgeLlmTraining: Task = {
  id: 'edge_llm_training',
  version: 1,
  title: 'Train from scratch for a device with 1 GB',
  suite: 'mlrb',
  summary:
    'Train a language model from scratch on C4 and Alpaca that runs in 1 GB of memory, judged by SuperGLUE.',
  budget: FULL_BUDGET,
  network: 'none',
  data: [
    {
      path: 'c4',
      dataset: 'c4',
      description: 'Pages of the web from C4: `train-*.jsonl`, one JSON object a line with `text`.',
      rows: 989_000,
      licence: 'ODC-BY',
      source:
        'https://huggingface.co/datasets/AlgorithmicResearchGroup/edge_llm_training, c4_combined_dataset (Raffel et al., 2020, arXiv 1910.10683)',
    },
    {
      path: 'alpaca.jsonl',
      dataset: 'alpaca',
      description:
        'Alpaca, cleaned: instructions and answers, one JSON object a line with `instruction`, `input` and `output`.',
      rows: 51_760,
      licence: 'CC BY 4.0 (the answers: CC BY-NC 4.0)',
      source: 'https://huggingface.co/datasets/yahma/alpaca-cleaned (Taori et al., 2023)',
    },
    SUPER_GLUE_DEV,
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16'],
    max_bytes: ONE_GB,
    max_parameters: 250_000_000,
  },
  rules: [
    FROM_SCRATCH,
    {
      id: 'given_data',
      text: 'Nothing but the given parts of C4 and Alpaca is used for training, the tokenizer included.',
    },
    NO_QUANTISATION,
    {
      id: 'peak_memory',
      text: 'Loading the model and generating with it takes at most 1 GB of memory, measured where it is scored, in float32.',
      max_bytes: ONE_GB,
    },
    noEvaluationText('super_glue'),
    ...FORMAT_RULES,
  ],
  evaluators: [superGlue()],
  off_limits: offLimits(SUPER_GLUE),
  options: [superGlue(25)],
};

export const edgeLlmTrainingFolder = builtInTask(edgeLlmTraining, import.meta.url);
