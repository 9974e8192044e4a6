import { builtInTask } from '../built-in-task.js';
import { blimp } from '../evaluators.js';
import { miniBudget } from '../mini-budget.js';
import { BLIMP, offLimits } from '../off-limits.js';
import { FORMAT_RULES, FROM_SCRATCH, noEvaluationText } from '../rules.js';
import { SMALL_TEXTS } from '../small-texts.js';
import type { Task } from '../task.js';

export const miniBabyLm: Task = {
  id: 'mini_baby_lm',
  version: 1,
  title: 'Language model from scratch on a small text (mini)',
  suite: 'mini',
  summary:
    'Train a language model from scratch on under half a million words, so that it prefers grammatical sentences.',
  budget: miniBudget(20),
  network: 'none',
  data: SMALL_TEXTS,
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 1_000_000_000,
    max_parameters: 200_000_000,
  },
  rules: [
    FROM_SCRATCH,
    { id: 'given_data', text: 'Nothing but the given texts is used for training, the tokenizer included.' },
    noEvaluationText('blimp'),
    ...FORMAT_RULES,
  ],
  evaluators: [blimp(100)],
  off_limits: offLimits(BLIMP),
  options: [blimp()],
};

export const miniBabyLmFolder = builtInTask(miniBabyLm, import.meta.url);
