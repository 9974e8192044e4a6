import type { Finding } from '../outcome.js';
import { broken } from './findings.js';
import { isObject } from './read-json.js';
import type { Tensor } from './safetensors.js';

/**
 * Compares the sizes that `config.json` claims with the shapes of the tensors, before anything is built from either:
 * a configuration of ten million layers would keep a loader busy for hours.
 */
export function checkConfigAgainstTensors(
  config: Readonly<Record<string, unknown>>,
  tensors: readonly Tensor[],
): Finding[] {
  const sizes = sizesOf(config);
  const sentences = [
    ...sizes.flatMap(size => whyImpossible(size)),
    ...sizes.flatMap(size => whyLayersDiffer(size, tensors)),
    ...sizes.flatMap(size => whyNoSuchLength(size, tensors)),
    ...sizes.flatMap(size => whyTooManyParts(size, tensors)),
  ];
  return [...new Set(sentences)].map(sentence =>
    broken('config', `${sentence} Save the model again with save_pretrained(folder).`),
  );
}

interface Size {
  readonly key: string;
  readonly value: number;
}

/** Every number of the configuration with its key, those of nested objects included. */
function sizesOf(config: Readonly<Record<string, unknown>>): Size[] {
  const open: Readonly<Record<string, unknown>>[] = [config];
  const sizes: Size[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [key, value] of Object.entries(next)) {
      if (typeof value === 'number') sizes.push({ key, value });
      else if (isObject(value)) open.push(value);
    }
  }
  return sizes;
}

/** No dimension of a model is above this; a rotary base is, as a fraction of it. */
const MAX_NUMBER = 1e9;

function whyImpossible({ key, value }: Size): string[] {
  return Math.abs(value) > MAX_NUMBER
    ? [`config.json says ${shown(key)} is ${value}, which no model has.`]
    : [];
}

const LAYERS = /^(num_hidden_layers|n_layers?|num_layers|num_decoder_layers|encoder_layers|decoder_layers)$/;
const BLOCK = /^(.*?\b(?:h|layers?|blocks?))\.(\d+)\./;

function whyLayersDiffer({ key, value }: Size, tensors: readonly Tensor[]): string[] {
  if (!LAYERS.test(key)) return [];
  const counts = blockCounts(tensors);
  if (counts.length === 0 || counts.includes(value)) return [];
  return [
    `config.json says ${shown(key)} is ${value}, the weights hold ${[...new Set(counts)].join(' and ')} layers.`,
  ];
}

/** How many numbered blocks stand below each name: 12 for `transformer.h.0.…` to `transformer.h.11.…`. */
function blockCounts(tensors: readonly Tensor[]): number[] {
  const blocks = new Map<string, Set<string>>();
  for (const { name } of tensors) {
    const [, prefix, number] = BLOCK.exec(name) ?? [];
    if (prefix === undefined || number === undefined) continue;
    const numbers = blocks.get(prefix) ?? new Set();
    blocks.set(prefix, numbers.add(number));
  }
  return [...blocks.values()].map(numbers => numbers.size);
}

const LENGTHS = /^(vocab_size|hidden_size|n_embd|d_model|intermediate_size|n_inner|ffn_dim|d_ff)$/;

/** Each of these numbers is the length of some tensor, whatever the family of the model calls it; a product of one for fused or gated layers. */
function whyNoSuchLength({ key, value }: Size, tensors: readonly Tensor[]): string[] {
  if (!LENGTHS.test(key)) return [];
  const isThere = tensors.some(({ shape }) =>
    shape.some(
      length => length === value || (length > 0 && value > 0 && length % value === 0 && length / value <= 8),
    ),
  );
  if (
    isThere &&
    (key !== 'vocab_size' || tensors.some(({ shape }) => shape.length === 2 && shape.includes(value)))
  )
    return [];
  return [`config.json says ${shown(key)} is ${value}, but no tensor has that length.`];
}

const PARTS = /layers?$|^n_layer|experts|blocks?$|groups?$|heads?$/;

/** What is counted cannot be more than there are rows in the longest tensor and tensors besides. */
function whyTooManyParts({ key, value }: Size, tensors: readonly Tensor[]): string[] {
  if (!PARTS.test(key) || LAYERS.test(key)) return [];
  const longest = tensors.reduce((most, { shape }) => Math.max(most, ...shape), tensors.length);
  return value > longest
    ? [`config.json says ${shown(key)} is ${value}, more than the weights can hold.`]
    : [];
}

function shown(key: string): string {
  return /^\w{1,60}$/.test(key) ? key : 'one of its values';
}

const POSITIONS = /^(n_positions|max_position_embeddings|n_ctx)$/;
const POSITION_TENSOR = /(wpe|embed_positions|position_embeddings)\.weight$/;
/** Where positions are computed, not learned. */
const MAX_POSITIONS = 20_000_000;

/** Learned positions: no more may be claimed than there are rows. */
export function checkPositions(
  config: Readonly<Record<string, unknown>>,
  tensors: readonly Tensor[],
): Finding[] {
  const rows = tensors.find(({ name }) => POSITION_TENSOR.test(name))?.shape[0] ?? MAX_POSITIONS;
  return sizesOf(config)
    .filter(({ key, value }) => POSITIONS.test(key) && value > rows)
    .map(({ key, value }) =>
      broken(
        'config',
        `config.json says ${key} is ${value}, the weights have ${rows} positions at most. Save the model again with save_pretrained(folder).`,
      ),
    );
}
