import { builtInTask } from '../built-in-task.js';
import { bitsPerByte, mmlu } from '../evaluators.js';
import { MERGING_FILES } from '../llm-merging/task.js';
import { miniBudget, SMALL_MODEL } from '../mini-budget.js';
import { MMLU, offLimits, SHAKESPEARE, WIKITEXT } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText } from '../rules.js';
import { EXPERT_SHAKESPEARE, EXPERT_WIKITEXT, MINI_BASE } from '../small-models.js';
import { SHAKESPEARE_TRAIN, WIKITEXT_TRAIN } from '../small-texts.js';
import type { Task } from '../task.js';

export const miniLlmMerging: Task = {
  id: 'mini_llm_merging',
  version: 1,
  title: 'Merge two small experts (mini)',
  suite: 'mini',
  summary:
    'Merge two small experts into one model that is good at both their texts, with the package supplied.',
  budget: miniBudget(15),
  network: 'none',
  data: [MINI_BASE, EXPERT_SHAKESPEARE, EXPERT_WIKITEXT, SHAKESPEARE_TRAIN, WIKITEXT_TRAIN],
  submission: {
    architectures: ['causal'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    ...SMALL_MODEL,
  },
  rules: [
    {
      id: 'merging_package',
      text: 'The model that is handed in was merged by the package in the workspace, as the record it keeps shows, out of the models that are given. The merge takes at most 5 min.',
      max_minutes: 5,
    },
    { id: 'given_data', text: 'Nothing is trained: the given texts are there to choose a merge by.' },
    noEvaluationText('text', 'mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [
    bitsPerByte(
      ['tinyshakespeare_heldout', 'wikitext2_heldout'],
      "the last tenths of both experts' texts, held out, as the mean of the two",
    ),
    mmlu(5),
  ],
  off_limits: offLimits(SHAKESPEARE, WIKITEXT, MMLU),
  options: [mmlu()],
};

export const miniLlmMergingFolder = builtInTask(miniLlmMerging, import.meta.url, [MERGING_FILES]);
