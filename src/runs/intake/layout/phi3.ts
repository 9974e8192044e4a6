import { type ConfigReader, combine, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, linear, row } from './layout.js';
import { attentionSizes } from './llama.js';

/** Phi 3 and 4. */
export function phi3(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const inner = config.number('intermediate_size');
  const { queries, keys, multiples } = attentionSizes(config, width);
  const all = combine([queries, keys], (query = Number.NaN, key = Number.NaN) => query + 2 * key);
  const names = { embedding: ['model.embed_tokens.weight'], heads: ['lm_head.weight'] };
  const isTied = config.flag('tie_word_embeddings') === true;
  return {
    prefix: 'model',
    rows: [
      ...embeddingAndHead(names, isTied, config.number('vocab_size'), width),
      row('model.norm.weight', width),
    ],
    stacks: [
      {
        path: 'model.layers',
        count: config.number('num_hidden_layers'),
        rows: block => {
          const path = `model.layers.${block}`;
          return [
            row(`${path}.input_layernorm.weight`, width),
            row(`${path}.post_attention_layernorm.weight`, width),
            ...linear(`${path}.self_attn.qkv_proj`, all, width, false),
            ...linear(`${path}.self_attn.o_proj`, width, queries, false),
            ...linear(`${path}.mlp.gate_up_proj`, times(inner, 2), width, false),
            ...linear(`${path}.mlp.down_proj`, width, inner, false),
          ];
        },
      },
    ],
    multiples,
  };
}
