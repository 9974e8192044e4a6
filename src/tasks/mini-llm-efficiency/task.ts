import { builtInTask } from '../built-in-task.js';
import { bitsPerByte, mmlu } from '../evaluators.js';
import { miniBudget, SMALL_MODEL } from '../mini-budget.js';
import { MMLU, offLimits, SHAKESPEARE } from '../off-limits.js';
import { FORMAT_RULES, noEvaluationText } from '../rules.js';
import { MINI_BASE } from '../small-models.js';
import { SHAKESPEARE_TRAIN } from '../small-texts.js';
import type { Task } from '../task.js';

export const miniLlmEfficiency: Task = {
  id: 'mini_llm_efficiency',
  version: 1,
  title: 'Fine-tune a small base model (mini)',
  suite: 'mini',
  summary:
    'Fine-tune a small GPT-2 on plays of Shakespeare within minutes, judged by bits per byte and MMLU.',
  budget: miniBudget(15),
  network: 'none',
  data: [MINI_BASE, SHAKESPEARE_TRAIN],
  submission: {
    architectures: ['causal'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    ...SMALL_MODEL,
  },
  rules: [
    { id: 'from_base', text: 'What is handed in is a fine-tune of the given base.', base: 'mini_base' },
    { id: 'approved_base', text: 'It is a GPT-2, as the base is.', model_types: ['gpt2'] },
    { id: 'given_data', text: 'Nothing but the given text is used for training.' },
    noEvaluationText('text', 'mmlu'),
    ...FORMAT_RULES,
  ],
  evaluators: [bitsPerByte(['tinyshakespeare_heldout'], 'the last tenth of the plays, held out'), mmlu(5)],
  off_limits: offLimits(SHAKESPEARE, MMLU),
  options: [mmlu()],
};

export const miniLlmEfficiencyFolder = builtInTask(miniLlmEfficiency, import.meta.url);
