import { type ConfigReader, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear } from './layout.js';

/** BLOOM. */
export function bloom(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const names = { embedding: ['transformer.word_embeddings.weight'], heads: ['lm_head.weight'] };
  const isTied = config.flag('tie_word_embeddings') !== false;
  return {
    prefix: 'transformer',
    rows: [
      ...embeddingAndHead(names, isTied, config.number('vocab_size'), width),
      ...layerNorm('transformer.word_embeddings_layernorm', width),
      ...layerNorm('transformer.ln_f', width),
    ],
    stacks: [
      {
        path: 'transformer.h',
        count: config.number('n_layer'),
        rows: block => {
          const path = `transformer.h.${block}`;
          return [
            ...layerNorm(`${path}.input_layernorm`, width),
            ...linear(`${path}.self_attention.query_key_value`, times(width, 3), width),
            ...linear(`${path}.self_attention.dense`, width, width),
            ...layerNorm(`${path}.post_attention_layernorm`, width),
            ...linear(`${path}.mlp.dense_h_to_4h`, times(width, 4), width),
            ...linear(`${path}.mlp.dense_4h_to_h`, width, times(width, 4)),
          ];
        },
      },
    ],
    multiples: [[width, config.number('n_head')]],
  };
}
