import type { Length } from '../config-reader.js';

/** A tensor that a model has. */
export interface Row {
  /** One name, or several of which any one will do: weights that are shared are saved under one of their names. */
  readonly names: readonly string[];
  readonly shape: readonly Length[];
  /** Whether the model also loads without it. */
  readonly optional?: boolean;
}

/** Blocks of the same build, numbered from 0. */
export interface Stack {
  /** Where they are numbered: `transformer.h` for `transformer.h.0.…`. */
  readonly path: string;
  readonly count: Length;
  readonly rows: (block: number) => readonly Row[];
}

/** The tensors of a model as its configuration describes them. */
export interface Layout {
  /** Names may also stand without this first part: so they are saved from the model without its head. */
  readonly prefix: string;
  readonly rows: readonly Row[];
  readonly stacks: readonly Stack[];
  /** The first number must be a multiple of the second. */
  readonly multiples?: readonly (readonly [Length, Length])[];
}

/** A tensor of that name and shape. */
export function row(name: string, ...shape: readonly Length[]): Row {
  return { names: [name], shape };
}

/** A weight with its bias, as a linear layer of the library lays them out. */
export function linear(name: string, output: Length, input: Length, hasBias = true): Row[] {
  return [row(`${name}.weight`, output, input), ...(hasBias ? [row(`${name}.bias`, output)] : [])];
}

/** The same with the weight the other way round, as the oldest models have it. */
export function transposed(name: string, output: Length, input: Length): Row[] {
  return [row(`${name}.weight`, input, output), row(`${name}.bias`, output)];
}

/** The scale and shift of a layer norm. */
export function layerNorm(name: string, width: Length): Row[] {
  return [row(`${name}.weight`, width), row(`${name}.bias`, width)];
}

/** Embedding and head: one tensor under either name where they are tied, otherwise both. */
export function embeddingAndHead(
  { embedding, heads }: { readonly embedding: readonly string[]; readonly heads: readonly string[] },
  isTied: boolean,
  ...shape: readonly Length[]
): Row[] {
  if (isTied) return [{ names: [...embedding, ...heads], shape }];
  return [
    { names: embedding, shape },
    { names: heads, shape },
  ];
}
