import type { ConfigReader } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear, row } from './layout.js';
import { attentionSizes } from './llama.js';

/** Phi 1, 1.5 and 2. */
export function phi(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const inner = config.number('intermediate_size');
  const vocabulary = config.number('vocab_size');
  const { queries, keys, head, multiples } = attentionSizes(config, width);
  const names = { embedding: ['model.embed_tokens.weight'], heads: ['lm_head.weight'] };
  const hasHeadNorms = config.flag('qk_layernorm') === true;
  return {
    prefix: 'model',
    rows: [
      ...embeddingAndHead(names, config.flag('tie_word_embeddings') === true, vocabulary, width),
      row('lm_head.bias', vocabulary),
      ...layerNorm('model.final_layernorm', width),
    ],
    stacks: [
      {
        path: 'model.layers',
        count: config.number('num_hidden_layers'),
        rows: block => {
          const path = `model.layers.${block}`;
          return [
            ...layerNorm(`${path}.input_layernorm`, width),
            ...linear(`${path}.self_attn.q_proj`, queries, width),
            ...linear(`${path}.self_attn.k_proj`, keys, width),
            ...linear(`${path}.self_attn.v_proj`, keys, width),
            ...linear(`${path}.self_attn.dense`, width, queries),
            ...(hasHeadNorms
              ? ['q_layernorm', 'k_layernorm'].flatMap(norm => layerNorm(`${path}.self_attn.${norm}`, head))
              : []),
            ...linear(`${path}.mlp.fc1`, inner, width),
            ...linear(`${path}.mlp.fc2`, width, inner),
          ];
        },
      },
    ],
    multiples,
  };
}
