import { type ConfigReader, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear } from './layout.js';

/** GPT-NeoX and Pythia. */
export function gptNeox(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const inner = config.number('intermediate_size');
  const hasBias = config.flag('attention_bias') !== false;
  const names = { embedding: ['gpt_neox.embed_in.weight'], heads: ['embed_out.weight', 'lm_head.weight'] };
  const isTied = config.flag('tie_word_embeddings') === true;
  return {
    prefix: 'gpt_neox',
    rows: [
      ...embeddingAndHead(names, isTied, config.number('vocab_size'), width),
      ...layerNorm('gpt_neox.final_layer_norm', width),
    ],
    stacks: [
      {
        path: 'gpt_neox.layers',
        count: config.number('num_hidden_layers'),
        rows: block => {
          const path = `gpt_neox.layers.${block}`;
          return [
            ...layerNorm(`${path}.input_layernorm`, width),
            ...layerNorm(`${path}.post_attention_layernorm`, width),
            ...linear(`${path}.attention.query_key_value`, times(width, 3), width, hasBias),
            ...linear(`${path}.attention.dense`, width, width, hasBias),
            ...linear(`${path}.mlp.dense_h_to_4h`, inner, width),
            ...linear(`${path}.mlp.dense_4h_to_h`, width, inner),
          ];
        },
      },
    ],
    multiples: [[width, config.number('num_attention_heads')]],
  };
}
