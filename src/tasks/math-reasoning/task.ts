import { builtInTask } from '../built-in-task.js';
import { formalisation } from '../evaluators.js';
import { FULL_BUDGET, LARGE_MODEL } from '../full-budget.js';
import { FORMAL_PROOFS, offLimits } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

export const mathReasoning: Task = {
  id: 'math_reasoning',
  version: 1,
  title: 'From proofs in words to Lean 3',
  suite: 'mlrb',
  summary: 'Train a model that writes a statement and its proof, given in words, as Lean 3.',
  budget: FULL_BUDGET,
  network: 'open',
  data: [
    {
      path: 'math_reasoning',
      dataset: 'math_reasoning',
      description:
        'Statements and proofs in words and in Lean 3: `train.jsonl`, one JSON object a line with `name`, `informal_statement`, `informal_proof` and `formal_proof`. Of the 3,963 rows of the set, 100 are held out, and whatever has the same statement as one of them.',
      licence: 'as stated on the hub',
      source:
        'https://huggingface.co/datasets/AlgorithmicResearchGroup/math_reasoning_autoformalization_track',
    },
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    ...LARGE_MODEL,
  },
  rules: [noEvaluationText('formalisation'), ...FORMAT_RULES],
  evaluators: formalisation(['math_reasoning_heldout']),
  off_limits: offLimits(FORMAL_PROOFS),
  options: [],
};

export const mathReasoningFolder = builtInTask(mathReasoning, import.meta.url);
