import { type ConfigReader, type Length, product, quotient } from '../config-reader.js';
import { embeddingAndHead, type Layout, linear, row } from './layout.js';

/** In what the relatives of LLaMA differ. */
interface Differences {
  /** Biases in the attention: of queries, keys and values, and of the projection after them. */
  readonly biases?: { readonly before: boolean; readonly after: boolean };
  readonly hasMlpBias?: boolean;
  readonly hasHeadNorms?: boolean;
  /** Norms of a block, besides the usual two. */
  readonly moreNorms?: readonly string[];
}

/** LLaMA. */
export function llama(config: ConfigReader): Layout {
  return likeLlama(config, { biases: allBiases(config), hasMlpBias: config.flag('mlp_bias') === true });
}

/** Mistral. */
export function mistral(config: ConfigReader): Layout {
  return likeLlama(config, {});
}

/** Qwen 2 and 2.5. */
export function qwen2(config: ConfigReader): Layout {
  return likeLlama(config, { biases: { before: true, after: false } });
}

/** Qwen 3. */
export function qwen3(config: ConfigReader): Layout {
  return likeLlama(config, { biases: allBiases(config), hasHeadNorms: true });
}

/** Gemma. */
export function gemma(config: ConfigReader): Layout {
  return likeLlama(config, { biases: allBiases(config) });
}

/** Gemma 2. */
export function gemma2(config: ConfigReader): Layout {
  const moreNorms = ['pre_feedforward_layernorm', 'post_feedforward_layernorm'];
  return likeLlama(config, { biases: allBiases(config), moreNorms });
}

function allBiases(config: ConfigReader): NonNullable<Differences['biases']> {
  const hasBias = config.flag('attention_bias') === true;
  return { before: hasBias, after: hasBias };
}

function likeLlama(config: ConfigReader, differences: Differences): Layout {
  const { biases = { before: false, after: false }, hasMlpBias = false, hasHeadNorms = false } = differences;
  const width = config.number('hidden_size');
  const inner = config.number('intermediate_size');
  const { queries, keys, head, multiples } = attentionSizes(config, width);
  const norms = ['input_layernorm', 'post_attention_layernorm', ...(differences.moreNorms ?? [])];
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
            ...norms.map(norm => row(`${path}.${norm}.weight`, width)),
            ...linear(`${path}.self_attn.q_proj`, queries, width, biases.before),
            ...linear(`${path}.self_attn.k_proj`, keys, width, biases.before),
            ...linear(`${path}.self_attn.v_proj`, keys, width, biases.before),
            ...linear(`${path}.self_attn.o_proj`, width, queries, biases.after),
            ...(hasHeadNorms
              ? ['q_norm', 'k_norm'].map(norm => row(`${path}.self_attn.${norm}.weight`, head))
              : []),
            ...linear(`${path}.mlp.gate_proj`, inner, width, hasMlpBias),
            ...linear(`${path}.mlp.up_proj`, inner, width, hasMlpBias),
            ...linear(`${path}.mlp.down_proj`, width, inner, hasMlpBias),
          ];
        },
      },
    ],
    multiples,
  };
}

/** Widths of queries, of keys and values, and of one head, where keys may be shared by several heads. */
export function attentionSizes(config: ConfigReader, width: Length) {
  const heads = config.number('num_attention_heads');
  const keyHeads = config.numberOr('num_key_value_heads', heads);
  const divided = quotient(width, heads);
  const head = config.numberOr('head_dim', divided);
  return {
    queries: product(heads, head),
    keys: product(keyHeads, head),
    head,
    multiples: [[heads, keyHeads], ...(head === divided ? [[width, heads]] : [])] as [Length, Length][],
  };
}
