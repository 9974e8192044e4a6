import { builtInTask } from '../built-in-task.js';
import { blimp, superGlue } from '../evaluators.js';
import { miniBudget } from '../mini-budget.js';
import { BLIMP, offLimits, SUPER_GLUE } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText, PRETRAINED_IS_NOTED } from '../rules.js';
import { SMALL_TEXTS } from '../small-texts.js';
import type { Task } from '../task.js';

export const miniMiniPile: Task = {
  id: 'mini_mini_pile',
  version: 1,
  title: 'Pretrain on two small texts (mini)',
  suite: 'mini',
  summary:
    'Pretrain the best language model that minutes on two small texts give, judged by BLiMP and SuperGLUE.',
  budget: miniBudget(20),
  network: 'none',
  data: SMALL_TEXTS,
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 1_000_000_000,
    max_parameters: 200_000_000,
  },
  rules: [PRETRAINED_IS_NOTED, noEvaluationText('blimp', 'super_glue'), ...FORMAT_RULES],
  evaluators: [blimp(100), superGlue(25)],
  off_limits: offLimits(BLIMP, SUPER_GLUE),
  options: [blimp(), superGlue()],
};

export const miniMiniPileFolder = builtInTask(miniMiniPile, import.meta.url);
