import type { TaskData } from './task.js';

const BUILT = {
  licence: 'as the text it was trained on',
  source: 'trained on this machine by `mlrb data build`',
} as const;

/** Parameters of the small models, by the shapes of their tensors. */
export const MINI_BASE_PARAMETERS = 1_088_256;

/** The small models that the host has trained. */
export const MINI_BASE: TaskData = {
  path: 'mini_base',
  dataset: 'mini_base',
  description:
    'The base model, a folder that transformers loads: a GPT-2 of about 1.1 million parameters in float32 (4 layers, 128 wide, 256 positions) with a byte-level BPE tokenizer of 2,048 tokens, trained on Wikipedia articles.',
  ...BUILT,
};
export const EXPERT_SHAKESPEARE: TaskData = {
  path: 'mini_expert_shakespeare',
  dataset: 'mini_expert_shakespeare',
  description: 'The base after more training on the speeches of Shakespeare. Same shape, same tokenizer.',
  ...BUILT,
};
export const EXPERT_WIKITEXT: TaskData = {
  path: 'mini_expert_wikitext',
  dataset: 'mini_expert_wikitext',
  description: 'The base after more training on Wikipedia articles. Same shape, same tokenizer.',
  ...BUILT,
};
