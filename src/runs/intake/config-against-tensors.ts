import type { Finding } from '../outcome.js';
import { ConfigReader } from './config-reader.js';
import { broken } from './findings.js';
import { checkLayout } from './layout/check-layout.js';
import { FAMILIES, type Family } from './layout/families.js';
import type { Architecture } from './model-config.js';
import type { ModelType } from './model-types.js';
import { isObject } from './read-json.js';
import type { Tensor } from './safetensors.js';

/** What is known about the kind of model that a configuration describes. */
export interface Described {
  readonly architecture: Architecture | null;
  /** Absent where the library does not know the model type. */
  readonly type: ModelType | undefined;
}

/**
 * Compares what `config.json` claims with the shapes of the tensors, before anything is built from either: a configuration of ten million
 * layers would keep a loader busy for hours. Of the usual families every tensor is known; of the others only what holds for all.
 */
export function checkConfigAgainstTensors(
  config: Readonly<Record<string, unknown>>,
  { architecture, type }: Described,
  tensors: readonly Tensor[],
): Finding[] {
  const sizes = sizesOf(config);
  const layout =
    type === undefined ? undefined : familyOf({ architecture, type })?.(new ConfigReader(config, type));
  const absurd = said(sizes.flatMap(size => [...whyImpossible(size), ...whyTooManyParts(size, tensors)]));
  if (layout !== undefined) return [...absurd, ...checkLayout(layout, tensors)];
  const own = sizes.filter(({ isOwn }) => isOwn);
  return [
    ...absurd,
    ...said(own.flatMap(size => whyNoSuchLength(size, tensors))),
    ...said(own.flatMap(size => whyTooManyLayers(size, tensors))),
    ...said(own.flatMap(size => whyTooManyPositions(size, tensors))),
  ];
}

function familyOf({ architecture, type }: Described): Family | undefined {
  return architecture === null ? undefined : FAMILIES[architecture].get(type?.name ?? '');
}

/** Rows of the embedding by the configuration, for a model of a usual family; null where it is not known. */
export function embeddingRows(
  config: Readonly<Record<string, unknown>>,
  described: Described,
): number | null {
  if (described.type === undefined || familyOf(described) === undefined) return null;
  const { value } = new ConfigReader(config, described.type).number('vocab_size');
  return Number.isNaN(value) ? null : value;
}

function said(sentences: readonly string[]): Finding[] {
  return [...new Set(sentences)].map(sentence =>
    broken('config', `${sentence} Save the model again with save_pretrained(folder).`),
  );
}

interface Size {
  readonly key: string;
  readonly value: number;
  /** Whether it stands in the configuration itself, not in that of a part of the model. */
  readonly isOwn: boolean;
}

/** Every number of the configuration with its key, those of nested objects included. */
function sizesOf(config: Readonly<Record<string, unknown>>): Size[] {
  const open: Readonly<Record<string, unknown>>[] = [config];
  const sizes: Size[] = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [key, value] of Object.entries(next)) {
      if (typeof value === 'number') sizes.push({ key, value, isOwn: next === config });
      else if (isObject(value)) open.push(value);
    }
  }
  return sizes;
}

/** No dimension of a model is above this; a rotary base is, as a fraction of it. */
const MAX_NUMBER = 1e9;

function whyImpossible({ key, value }: Size): string[] {
  return value > MAX_NUMBER ? [`config.json says ${shown(key)} is ${value}, which no model has.`] : [];
}

const PARTS = /layers?$|^n_layer|experts|blocks?$|groups?$|heads?$/;
/** A part of the model that is not handed in may be described with so many. */
const MANY_PARTS = 10_000;

/** What is counted cannot be more than there are rows in the longest tensor and tensors besides. */
function whyTooManyParts({ key, value, isOwn }: Size, tensors: readonly Tensor[]): string[] {
  if (!PARTS.test(key) || (isOwn && LAYERS.test(key))) return [];
  const longest = tensors.reduce((most, { shape }) => Math.max(most, ...shape), tensors.length);
  return value > Math.max(MANY_PARTS, longest)
    ? [`config.json says ${shown(key)} is ${value}, more than the weights can hold.`]
    : [];
}

const LAYERS = /^(num_hidden_layers|n_layers?|num_layers|num_decoder_layers|encoder_layers|decoder_layers)$/;
/** Layers may share their weights, so there can be more of them than tensors; not thousands. */
const MANY_LAYERS = 1000;

function whyTooManyLayers({ key, value }: Size, tensors: readonly Tensor[]): string[] {
  return LAYERS.test(key) && value > Math.max(MANY_LAYERS, tensors.length)
    ? [`config.json says ${shown(key)} is ${value}, the weights hold ${tensors.length} tensors.`]
    : [];
}

const LENGTHS = /^(vocab_size|hidden_size|n_embd|d_model)$/;

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

const POSITIONS = /^(n_positions|max_position_embeddings|n_ctx)$/;
const POSITION_TENSOR = /(wpe|embed_positions|position_embeddings)\.weight$/;
/** Where positions are computed, not learned. */
const MAX_POSITIONS = 20_000_000;

/** Learned positions: no more may be claimed than there are rows. */
function whyTooManyPositions({ key, value }: Size, tensors: readonly Tensor[]): string[] {
  const rows = tensors.find(({ name }) => POSITION_TENSOR.test(name))?.shape[0] ?? MAX_POSITIONS;
  return POSITIONS.test(key) && value > rows
    ? [`config.json says ${key} is ${value}, the weights have ${rows} positions at most.`]
    : [];
}

function shown(key: string): string {
  return /^\w{1,60}$/.test(key) ? key : 'one of its values';
}
