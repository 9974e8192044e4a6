import { fileURLToPath } from 'node:url';
import { builtInTask } from '../built-in-task.js';
import { MMLU_DEV } from '../dev-data.js';
import { mmlu } from '../evaluators.js';
import { FULL_BUDGET, LARGE_MODEL } from '../full-budget.js';
import { MMLU, offLimits } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText } from '../rules.js';
import type { Task } from '../task.js';

/** Holds `llm_merging/`, the package that merges. */
export const MERGING_FILES = fileURLToPath(new URL('./files', import.meta.url));

export const llmMerging: Task = {
  id: 'llm_merging',
  version: 1,
  title: 'Merge expert models into one generalist',
  suite: 'mlrb',
  summary:
    'Merge expert models from the hub into one model that does well on MMLU, with the package supplied.',
  budget: FULL_BUDGET,
  network: 'open',
  data: [
    {
      path: 'llm_merging',
      dataset: 'llm_merging',
      description:
        'Validation sets to choose a merge by: `cosmos_qa.csv` (500 questions with options) and `xsum.csv` (200 articles to sum up), with the columns `id`, `input`, `target`, `answer_choices` and `eval_type`.',
      rows: 700,
      licence: "each set's own, for research",
      source:
        'LLM Merging competition (NeurIPS 2024), https://huggingface.co/datasets/AlgorithmicResearchGroup/llm_merging',
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
      id: 'merging_package',
      text: 'The model that is handed in was merged by the package in the workspace, as the record it keeps shows. The merge takes at most 1 h, and all that is merged was published before 31 May 2024.',
      max_minutes: 60,
      sources_before: '2024-05-31',
    },
    noEvaluationText('mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [mmlu()],
  off_limits: offLimits(MMLU),
  options: [mmlu(5)],
};

export const llmMergingFolder = builtInTask(llmMerging, import.meta.url, [MERGING_FILES]);
