import { builtInTask } from '../built-in-task.js';
import { SUPER_GLUE_DEV } from '../dev-data.js';
import { superGlue } from '../evaluators.js';
import { FULL_BUDGET } from '../full-budget.js';
import { offLimits, SUPER_GLUE } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText, PRETRAINED_IS_NOTED } from '../rules.js';
import type { Task } from '../task.js';

export const miniPile: Task = {
  id: 'mini_pile',
  version: 1,
  title: 'Pretrain on MiniPile',
  suite: 'mlrb',
  summary: 'Pretrain the best language model that a day on MiniPile gives, judged by SuperGLUE.',
  budget: FULL_BUDGET,
  network: 'none',
  data: [
    {
      path: 'minipile',
      dataset: 'minipile',
      description:
        'MiniPile, documents of many kinds chosen from the Pile: 1,000,000 to train on in `train-*.jsonl`, 500 to validate on in `validation-*.jsonl`, one JSON object a line with `text`.',
      rows: 1_000_500,
      licence: "each text's own, for research",
      source: 'https://huggingface.co/datasets/JeanKaddour/minipile (Kaddour, 2023, arXiv 2304.08442)',
    },
    SUPER_GLUE_DEV,
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 8_200_000_000,
    max_parameters: 2_000_000_000,
  },
  rules: [PRETRAINED_IS_NOTED, noEvaluationText('super_glue'), ...FORMAT_RULES],
  evaluators: [superGlue()],
  off_limits: offLimits(SUPER_GLUE),
  options: [superGlue(25)],
};

export const miniPileFolder = builtInTask(miniPile, import.meta.url);
