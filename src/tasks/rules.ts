import type { TaskRule } from './task.js';

/** What every submission keeps to, whatever the task. */
export const FORMAT_RULES: readonly TaskRule[] = [
  {
    id: 'files',
    text: 'The submission holds the files of a Hugging Face model and nothing else: no code, no pickle, no adapters, no links, no subfolders.',
  },
  {
    id: 'config',
    text: 'config.json describes the tensors that are there, and a model class of the transformers library.',
  },
  { id: 'tokenizer', text: 'The tokenizer belongs to the model and tells different sentences apart.' },
  {
    id: 'tensors',
    text: 'Every tensor of the model is there, no other, with finite values, as safetensors, not quantised.',
  },
  {
    id: 'loads',
    text: 'The model loads, predicts each token from those before it alone, and yields numbers.',
  },
  { id: 'size', text: 'The submission keeps to the limits on bytes and parameters.' },
  { id: 'resources', text: 'Loading and scoring keep to the memory and the time that scoring allows.' },
];

/** What the items of an evaluation are called in a sentence. */
const ITEMS = {
  blimp: 'sentence of BLiMP',
  super_glue: 'row of the validation or test sets of SuperGLUE',
  mmlu: 'question of MMLU',
  formalisation: 'problem that submissions are scored on',
  text: 'passage of the text that submissions are scored on',
} as const;

/** @param evaluations what submissions are scored on. */
export function noEvaluationText(...evaluations: readonly (keyof typeof ITEMS)[]): TaskRule {
  const items = evaluations.map(evaluation => ITEMS[evaluation]).join(' and no ');
  return {
    id: 'no_evaluation_text',
    text: `No ${items} is in the training data, the tokenizer or the model.`,
  };
}

export const FROM_SCRATCH: TaskRule = {
  id: 'from_scratch',
  severity: 'broken',
  text: 'The model is trained from scratch: no pretrained weights and no pretrained tokenizer.',
};

/** Where a task asks for pretraining and forbids nothing. */
export const PRETRAINED_IS_NOTED: TaskRule = {
  id: 'from_scratch',
  severity: 'suspicion',
  text: 'The model is pretrained here, on the given data. Weights that come from a known model are not forbidden, but found and reported beside the score.',
};

export const NO_QUANTISATION: TaskRule = {
  id: 'no_quantisation',
  text: 'Nothing is quantised: weights are plain floating-point numbers, and do not stand for a smaller set of values.',
};

export const NO_DISTILLATION: TaskRule = {
  id: 'no_distillation',
  text: 'Nothing is distilled: the model does not learn from the outputs of another one, the base included.',
};
