import { builtInTask } from '../built-in-task.js';
import { MMLU_DEV } from '../dev-data.js';
import { mmlu } from '../evaluators.js';
import { FULL_BUDGET, LARGE_MODEL } from '../full-budget.js';
import { MMLU, offLimits } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

/**
 * The families of the NeurIPS LLM efficiency challenge of 2023 that transformers loads without code of the model's own, as `model_type`.
 * Cerebras-GPT is `gpt2`; Pythia and RedPajama are `gpt_neox`; LLaMA, OpenLLaMA and Colossal-LLaMA are `llama`; UL2 is `t5`.
 */
const APPROVED = [
  'bart',
  'bert',
  'bloom',
  'electra',
  'falcon',
  'gpt2',
  'gpt_neo',
  'gpt_neox',
  'gptj',
  'llama',
  'mistral',
  'mpt',
  'opt',
  'persimmon',
  'qwen2',
  'roberta',
  't5',
] as const;

export const llmEfficiency: Task = {
  id: 'llm_efficiency',
  version: 1,
  title: 'Fine-tune one base model on one GPU in one day',
  suite: 'mlrb',
  summary:
    'Fine-tune an approved open base model on open data, on one GPU within a day, so that it does well on MMLU.',
  budget: FULL_BUDGET,
  network: 'open',
  data: [
    {
      path: 'dolly.jsonl',
      dataset: 'dolly',
      description:
        'Dolly 15k: instructions and answers written by people, one JSON object a line with `instruction`, `context`, `response` and `category`.',
      rows: 15_011,
      licence: 'CC BY-SA 3.0',
      source: 'https://huggingface.co/datasets/databricks/databricks-dolly-15k',
    },
    {
      path: 'oasst1',
      dataset: 'oasst1',
      description:
        'OpenAssistant conversations, about 88,800 messages in many languages: `train.jsonl` and `validation.jsonl`, one message a line; `parent_id` leads from a message to the one it answers.',
      licence: 'Apache-2.0',
      source: 'https://huggingface.co/datasets/OpenAssistant/oasst1 (Köpf et al., 2023, arXiv 2304.07327)',
    },
    MMLU_DEV,
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    ...LARGE_MODEL,
  },
  rules: [
    {
      id: 'approved_base',
      text: 'The base model is one of the approved families, open to anyone, and has not been tuned to follow instructions where the family names its base models.',
      model_types: APPROVED,
    },
    {
      id: 'given_data',
      text: 'Only open data is used for training: what anyone can get, under a licence that allows it.',
    },
    noEvaluationText('mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [mmlu()],
  off_limits: offLimits(MMLU),
  options: [mmlu(5)],
};

export const llmEfficiencyFolder = builtInTask(llmEfficiency, import.meta.url);
