import { builtInTask } from '../built-in-task.js';
import { blimp, superGlue } from '../evaluators.js';
import { miniBudget } from '../mini-budget.js';
import { BLIMP, offLimits, SUPER_GLUE } from '../off-limits.js';
import { FORMAT_RULES, FROM_SCRATCH, NO_QUANTISATION, noEvaluationText } from '../rules.js';
import { SMALL_TEXTS } from '../small-texts.js';
import type { Task } from '../task.js';

export const miniEdgeLlmTraining: Task = {
  id: 'mini_edge_llm_training',
  version: 1,
  title: 'Train from scratch for little memory (mini)',
  suite: 'mini',
  summary:
    'Train a language model from scratch on two small texts that keeps to a limit on memory, judged by BLiMP and SuperGLUE.',
  budget: miniBudget(20),
  network: 'none',
  data: SMALL_TEXTS,
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16'],
    max_bytes: 100_000_000,
    max_parameters: 50_000_000,
  },
  rules: [
    FROM_SCRATCH,
    { id: 'given_data', text: 'Nothing but the given texts is used for training, the tokenizer included.' },
    NO_QUANTISATION,
    {
      id: 'peak_memory',
      text: 'Loading the model and generating with it takes at most 128 MB of memory, measured where it is scored, in float32.',
      max_bytes: 128_000_000,
    },
    noEvaluationText('blimp', 'super_glue'),
    ...FORMAT_RULES,
  ],
  evaluators: [blimp(100), superGlue(25)],
  off_limits: offLimits(BLIMP, SUPER_GLUE),
  options: [blimp(), superGlue()],
};

export const miniEdgeLlmTrainingFolder = builtInTask(miniEdgeLlmTraining, import.meta.url);
