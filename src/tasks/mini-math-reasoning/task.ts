import { builtInTask } from '../built-in-task.js';
import { formalisation } from '../evaluators.js';
import { miniBudget, SMALL_MODEL } from '../mini-budget.js';
import { FORMAL_PROOFS, offLimits } from '../off-limits.js';
import { FORMAT_RULES, FROM_SCRATCH, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

/** Of the 100 held out: what a small model writes in a minute or two on a processor. */
const ROWS = 50;

export const miniMathReasoning: Task = {
  id: 'mini_math_reasoning',
  version: 1,
  title: 'From problems in words to Lean 3 (mini)',
  suite: 'mini',
  summary: 'Train a small model on 244 problems so that it writes a problem, given in words, as Lean 3.',
  budget: miniBudget(20),
  network: 'none',
  data: [
    {
      path: 'minif2f',
      dataset: 'minif2f_train',
      description:
        'Olympiad and school problems with proofs, the validation part of miniF2F: `train.jsonl`, one JSON object a line with `name`, `informal_statement`, `informal_proof` and `formal_proof`, in Lean 3.',
      rows: 244,
      bytes: 221_432,
      licence: 'MIT and Apache-2.0',
      source: 'https://github.com/facebookresearch/miniF2F (Zheng et al., 2021, arXiv 2109.00110)',
    },
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    ...SMALL_MODEL,
  },
  rules: [
    FROM_SCRATCH,
    {
      id: 'given_data',
      text: 'Nothing but the given problems is used for training, the tokenizer included.',
    },
    noEvaluationText('formalisation'),
    ...FORMAT_RULES,
  ],
  evaluators: formalisation(['minif2f_heldout'], ROWS),
  off_limits: offLimits(FORMAL_PROOFS),
  options: formalisation(['minif2f_heldout']),
};

export const miniMathReasoningFolder = builtInTask(miniMathReasoning, import.meta.url);
