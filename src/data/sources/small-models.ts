import type { Dataset } from '../dataset.js';
import type { Source, Training } from './source.js';

/** What the small tasks start from: trained here once, seeded, for a fixed number of steps. */
export const miniBase = trained(
  { id: 'mini_base', title: 'A small GPT-2 with a tokenizer of its own, trained on Wikipedia articles' },
  { text: 'wikitext2_train', steps: 160, learning_rate: 3e-3, seed: 1234 },
);
export const miniExpertShakespeare = trained(
  { id: 'mini_expert_shakespeare', title: 'mini_base, trained on with speeches of Shakespeare' },
  { text: 'tinyshakespeare_train', from: 'mini_base', steps: 120, learning_rate: 2e-3, seed: 1235 },
);
export const miniExpertWikitext = trained(
  { id: 'mini_expert_wikitext', title: 'mini_base, trained on with Wikipedia articles' },
  { text: 'wikitext2_train', from: 'mini_base', steps: 120, learning_rate: 2e-3, seed: 1236 },
);

function trained(facts: Pick<Dataset, 'id' | 'title'>, training: Training): Source {
  const { text, from } = training;
  return {
    dataset: {
      ...facts,
      role: 'train',
      format: 'model',
      files: [],
      origin: { kind: 'built', from: from === undefined ? [text] : [text, from], by: 'training' },
      licence: 'as the text it was trained on',
      source: 'trained on this machine by `mlrb data build`',
    },
    training,
  };
}
