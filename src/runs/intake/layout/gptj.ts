import { type ConfigReader, times } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear, row } from './layout.js';

/** GPT-J. */
export function gptj(config: ConfigReader): Layout {
  const width = config.number('n_embd');
  const inner = config.numberOr('n_inner', times(width, 4));
  const vocabulary = config.number('vocab_size');
  const names = { embedding: ['transformer.wte.weight'], heads: ['lm_head.weight'] };
  return {
    prefix: 'transformer',
    rows: [
      ...embeddingAndHead(names, config.flag('tie_word_embeddings') === true, vocabulary, width),
      row('lm_head.bias', vocabulary),
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
            ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap(name =>
              linear(`${path}.attn.${name}`, width, width, false),
            ),
            ...linear(`${path}.mlp.fc_in`, inner, width),
            ...linear(`${path}.mlp.fc_out`, width, inner),
          ];
        },
      },
    ],
    multiples: [[width, config.number('n_head')]],
  };
}
