import type { ConfigReader, Length } from '../config-reader.js';
import { type Layout, layerNorm, linear, type Row, row } from './layout.js';
import { withOffset } from './opt.js';

const ONE: Length = { value: 1, keys: [], isPlain: false };

/** BART. */
export function bart(config: ConfigReader): Layout {
  return likeBart(config, []);
}

/** mBART, which has a norm more after each half. */
export function mbart(config: ConfigReader): Layout {
  return likeBart(config, ['layer_norm']);
}

function likeBart(config: ConfigReader, moreNorms: readonly string[]): Layout {
  const width = config.number('d_model');
  const vocabulary = config.number('vocab_size');
  const positions = withOffset(config.number('max_position_embeddings'));
  const halves = ['model.encoder', 'model.decoder'];
  const embeddings = ['model.shared.weight', ...halves.map(half => `${half}.embed_tokens.weight`)];
  const heads = ['lm_head.weight'];
  return {
    prefix: 'model',
    rows: [
      ...(config.flag('tie_word_embeddings') === false
        ? [...embeddings, ...heads].map(name => row(name, vocabulary, width))
        : [{ names: [...embeddings, ...heads], shape: [vocabulary, width] }]),
      { names: ['final_logits_bias'], shape: [ONE, vocabulary], optional: true },
      ...halves.flatMap(half => [
        row(`${half}.embed_positions.weight`, positions, width),
        ...['layernorm_embedding', ...moreNorms].flatMap(norm => layerNorm(`${half}.${norm}`, width)),
      ]),
    ],
    stacks: [
      {
        path: 'model.encoder.layers',
        count: config.number('encoder_layers'),
        rows: block => layer(`model.encoder.layers.${block}`, width, config.number('encoder_ffn_dim')),
      },
      {
        path: 'model.decoder.layers',
        count: config.number('decoder_layers'),
        rows: block => [
          ...layer(`model.decoder.layers.${block}`, width, config.number('decoder_ffn_dim')),
          ...attention(`model.decoder.layers.${block}.encoder_attn`, width),
        ],
      },
    ],
    multiples: [
      [width, config.number('encoder_attention_heads')],
      [width, config.number('decoder_attention_heads')],
    ],
  };
}

function layer(path: string, width: Length, inner: Length): Row[] {
  return [
    ...attention(`${path}.self_attn`, width),
    ...linear(`${path}.fc1`, inner, width),
    ...linear(`${path}.fc2`, width, inner),
    ...layerNorm(`${path}.final_layer_norm`, width),
  ];
}

function attention(path: string, width: Length): Row[] {
  return [
    ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap(name => linear(`${path}.${name}`, width, width)),
    ...layerNorm(`${path}_layer_norm`, width),
  ];
}
