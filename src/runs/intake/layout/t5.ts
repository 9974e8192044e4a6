import { type ConfigReader, type Length, product } from '../config-reader.js';
import { embeddingAndHead, type Layout, linear, type Row, row } from './layout.js';

interface Sizes {
  readonly width: Length;
  readonly inner: Length;
  readonly heads: Length;
  /** Of all heads together. */
  readonly attention: Length;
  readonly buckets: Length;
  readonly isGated: boolean;
}

/** T5 and mT5. */
export function t5(config: ConfigReader): Layout {
  const width = config.number('d_model');
  const heads = config.number('num_heads');
  const sizes: Sizes = {
    width,
    inner: config.number('d_ff'),
    heads,
    attention: product(heads, config.number('d_kv')),
    buckets: config.number('relative_attention_num_buckets'),
    isGated: config.text('feed_forward_proj')?.startsWith('gated-') ?? false,
  };
  const layers = config.number('num_layers');
  const shared = ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'];
  const isTied = config.flag('tie_word_embeddings') !== false;
  return {
    prefix: 'transformer',
    rows: [
      ...embeddingAndHead(
        { embedding: shared, heads: ['lm_head.weight'] },
        isTied,
        config.number('vocab_size'),
        width,
      ),
      row('encoder.final_layer_norm.weight', width),
      row('decoder.final_layer_norm.weight', width),
    ],
    stacks: [
      { path: 'encoder.block', count: layers, rows: block => encoderBlock(block, sizes) },
      {
        path: 'decoder.block',
        count: config.numberOr('num_decoder_layers', layers),
        rows: block => decoderBlock(block, sizes),
      },
    ],
  };
}

function encoderBlock(block: number, sizes: Sizes): Row[] {
  const path = `encoder.block.${block}.layer`;
  return [...selfAttention(`${path}.0`, block, sizes), ...feedForward(`${path}.1`, sizes)];
}

function decoderBlock(block: number, sizes: Sizes): Row[] {
  const path = `decoder.block.${block}.layer`;
  return [
    ...selfAttention(`${path}.0`, block, sizes),
    ...attention(`${path}.1.EncDecAttention`, sizes),
    row(`${path}.1.layer_norm.weight`, sizes.width),
    ...feedForward(`${path}.2`, sizes),
  ];
}

/** Only the first block holds the table of relative positions; the others use it. */
function selfAttention(path: string, block: number, sizes: Sizes): Row[] {
  const table = row(`${path}.SelfAttention.relative_attention_bias.weight`, sizes.buckets, sizes.heads);
  return [
    ...attention(`${path}.SelfAttention`, sizes),
    ...(block === 0 ? [table] : []),
    row(`${path}.layer_norm.weight`, sizes.width),
  ];
}

function attention(path: string, { attention: all, width }: Sizes): Row[] {
  return [
    ...['q', 'k', 'v'].map(name => row(`${path}.${name}.weight`, all, width)),
    row(`${path}.o.weight`, width, all),
  ];
}

function feedForward(path: string, { inner, width, isGated }: Sizes): Row[] {
  return [
    ...(isGated ? ['wi_0', 'wi_1'] : ['wi']).flatMap(name =>
      linear(`${path}.DenseReluDense.${name}`, inner, width, false),
    ),
    ...linear(`${path}.DenseReluDense.wo`, width, inner, false),
    row(`${path}.layer_norm.weight`, width),
  ];
}
