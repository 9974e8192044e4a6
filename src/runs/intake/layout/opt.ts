import { type ConfigReader, combine, type Length } from '../config-reader.js';
import { embeddingAndHead, type Layout, layerNorm, linear, type Row, row } from './layout.js';

/** OPT. */
export function opt(config: ConfigReader): Layout {
  const width = config.number('hidden_size');
  const embedded = config.numberOr('word_embed_proj_dim', width);
  const inner = config.number('ffn_dim');
  const hasBias = config.flag('enable_bias') !== false;
  const norm = (name: string): Row[] =>
    config.flag('layer_norm_elementwise_affine') === false ? [] : layerNorm(name, width);
  const names = { embedding: ['model.decoder.embed_tokens.weight'], heads: ['lm_head.weight'] };
  const isTied = config.flag('tie_word_embeddings') !== false;
  const hasLastNorm =
    config.flag('do_layer_norm_before') !== false && config.flag('_remove_final_layer_norm') !== true;
  return {
    prefix: 'model',
    rows: [
      ...embeddingAndHead(names, isTied, config.number('vocab_size'), embedded),
      row(
        'model.decoder.embed_positions.weight',
        withOffset(config.number('max_position_embeddings')),
        width,
      ),
      ...(hasLastNorm ? norm('model.decoder.final_layer_norm') : []),
      ...(isAnother(embedded, width)
        ? [
            ...linear('model.decoder.project_in', width, embedded, false),
            ...linear('model.decoder.project_out', embedded, width, false),
          ]
        : []),
    ],
    stacks: [
      {
        path: 'model.decoder.layers',
        count: config.number('num_hidden_layers'),
        rows: block => {
          const path = `model.decoder.layers.${block}`;
          return [
            ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap(name =>
              linear(`${path}.self_attn.${name}`, width, width, hasBias),
            ),
            ...norm(`${path}.self_attn_layer_norm`),
            ...linear(`${path}.fc1`, inner, width, hasBias),
            ...linear(`${path}.fc2`, width, inner, hasBias),
            ...norm(`${path}.final_layer_norm`),
          ];
        },
      },
    ],
    multiples: [[width, config.number('num_attention_heads')]],
  };
}

function isAnother(one: Length, other: Length): boolean {
  return Math.abs(one.value - other.value) > 0;
}

/** These models keep two rows more than they have positions. */
export function withOffset(positions: Length): Length {
  return combine([positions], (value = Number.NaN) => value + 2);
}
