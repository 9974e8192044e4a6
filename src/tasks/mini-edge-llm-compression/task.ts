import { builtInTask } from '../built-in-task.js';
import { bitsPerByte, mmlu } from '../evaluators.js';
import { miniBudget } from '../mini-budget.js';
import { MMLU, offLimits, WIKITEXT } from '../off-limits.js';
import { FORMAT_RULES, NO_DISTILLATION, NO_QUANTISATION, noEvaluationText } from '../rules.js';
import { MINI_BASE, MINI_BASE_PARAMETERS } from '../small-models.js';
import { WIKITEXT_TRAIN } from '../small-texts.js';
import type { Task } from '../task.js';

/** About two fifths of the weights in float32, which is less than they take in float16. */
const MAX_BYTES = 1_700_000;

export const miniEdgeLlmCompression: Task = {
  id: 'mini_edge_llm_compression',
  version: 1,
  title: 'Compress a small model (mini)',
  suite: 'mini',
  summary: 'Compress a small GPT-2 to two fifths of its size without quantisation or distillation.',
  budget: miniBudget(15),
  network: 'none',
  data: [MINI_BASE, WIKITEXT_TRAIN],
  submission: {
    architectures: ['causal'],
    dtypes: ['float32', 'float16'],
    max_bytes: MAX_BYTES,
    max_parameters: MINI_BASE_PARAMETERS,
  },
  rules: [
    {
      id: 'from_base',
      text: 'The model comes from the given base by compression: its weights are made from those of the base.',
      base: 'mini_base',
    },
    {
      id: 'given_data',
      text: 'Training what is left of it on the given text, and nothing else, is allowed.',
    },
    NO_QUANTISATION,
    NO_DISTILLATION,
    noEvaluationText('text', 'mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [
    bitsPerByte(['wikitext2_heldout'], 'the last tenth of the Wikipedia articles, held out'),
    mmlu(5),
  ],
  off_limits: offLimits(WIKITEXT, MMLU),
  options: [mmlu()],
};

export const miniEdgeLlmCompressionFolder = builtInTask(miniEdgeLlmCompression, import.meta.url);
