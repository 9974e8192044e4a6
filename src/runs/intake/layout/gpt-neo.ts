import { type ConfigReader, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear, row } from './layout.js';

/** GPT-Neo. */
export function gptNeo(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const inner = config.numberOr('intermediate_size', times(width, 4));
  const names = { embedding: ['transformer.wte.weight'], heads: ['lm_head.weight'] };
  const isTied = config.flag('tie_word_embeddings') !== false;
  return {
    prefix: 'transformer',
    rows: [
      ...embeddingAndHead(names, isTied, config.number('vocab_size'), width),
      row('transformer.wpe.weight', config.number('max_position_embeddings'), width),
      ...layerNorm('transformer.ln_f', width),
    ],
    stacks: [
      {
        path: 'transformer.h',
        count: config.number('num_layers'),
        rows: block => {
          const path = `transformer.h.${block}`;
          return [
            ...layerNorm(`${path}.ln_1`, width),
            ...['q_proj', 'k_proj', 'v_proj'].flatMap(name =>
              linear(`${path}.attn.attention.${name}`, width, width, false),
            ),
            ...linear(`${path}.attn.attention.out_proj`, width, width),
            ...layerNorm(`${path}.ln_2`, width),
            ...linear(`${path}.mlp.c_fc`, inner, width),
            ...linear(`${path}.mlp.c_proj`, width, inner),
          ];
        },
      },
    ],
    multiples: [[width, config.number('num_heads')]],
  };
}
