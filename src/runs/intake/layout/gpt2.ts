import { type ConfigReader, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, row, transposed } from './layout.js';

/** GPT-2. */
export function gpt2(config: ConfigReader): Layout | undefined {
  if (config.flag('add_cross_attention') !== false) return undefined;
  const width = config.number('n_embd');
  const inner = config.numberOr('n_inner', times(width, 4));
  const vocabulary = config.number('vocab_size');
  const names = { embedding: ['transformer.wte.weight'], heads: ['lm_head.weight'] };
  return {
    prefix: 'transformer',
    rows: [
      ...embeddingAndHead(names, config.flag('tie_word_embeddings') !== false, vocabulary, width),
      row('transformer.wpe.weight', config.number('n_positions'), width),
      ...layerNorm('transformer.ln_f', width),
    ],
    stacks: [
      {
        path: 'transformer.h',
        count: config.number('n_layer'),
        rows: block => {
          const path = `transformer.h.${block}`;
          return [
            ...layerNorm(`${path}.ln_1`, width),
            ...transposed(`${path}.attn.c_attn`, times(width, 3), width),
            ...transposed(`${path}.attn.c_proj`, width, width),
            ...layerNorm(`${path}.ln_2`, width),
            ...transposed(`${path}.mlp.c_fc`, inner, width),
            ...transposed(`${path}.mlp.c_proj`, width, inner),
          ];
        },
      },
    ],
    multiples: [[width, config.number('n_head')]],
  };
}
