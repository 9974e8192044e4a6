import { builtInTask } from '../built-in-task.js';
import { MMLU_DEV } from '../dev-data.js';
import { mmlu } from '../evaluators.js';
import { FULL_BUDGET } from '../full-budget.js';
import { MMLU, offLimits } from '../off-limits.js';
import { FORMAT_RULES, NO_DISTILLATION, NO_QUANTISATION, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

/** Parameters of phi-2, by the shapes of its tensors. */
const PHI_2_PARAMETERS = 2_779_683_840;

export const edgeLlmCompression: Task = {
  id: 'edge_llm_compression',
  version: 1,
  title: 'Compress phi-2 for a device with 12 GB',
  suite: 'mlrb',
  summary:
    'Compress phi-2 without quantisation or distillation, so that it runs in 12 GB and keeps what it knows.',
  budget: FULL_BUDGET,
  network: 'none',
  data: [
    {
      path: 'phi-2',
      dataset: 'phi-2',
      description:
        'The base model with its tokenizer, a folder that transformers loads: 2.78 billion parameters in float16, 5.6 GB.',
      licence: 'MIT',
      source: 'https://huggingface.co/microsoft/phi-2',
    },
    MMLU_DEV,
  ],
  submission: {
    architectures: ['causal'],
    dtypes: ['float32', 'float16'],
    max_bytes: 12_000_000_000,
    max_parameters: PHI_2_PARAMETERS,
  },
  rules: [
    {
      id: 'from_base',
      text: 'The model comes from phi-2 by compression alone: pruning, factors of low rank, shared weights and the like.',
      base: 'phi-2',
    },
    { id: 'given_data', text: 'It is not trained on data.' },
    NO_QUANTISATION,
    NO_DISTILLATION,
    {
      id: 'peak_memory',
      text: 'Loading the model and generating with it takes at most 12 GB of memory, measured where it is scored, in float32.',
      max_bytes: 12_000_000_000,
    },
    noEvaluationText('mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [mmlu()],
  off_limits: offLimits(MMLU),
  options: [mmlu(5)],
};

export const edgeLlmCompressionFolder = builtInTask(edgeLlmCompression, import.meta.url);
