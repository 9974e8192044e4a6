import type { Finding } from '../../outcome.js';
import type { Length } from '../config-reader.js';
import { broken, quoted, quotedList } from '../findings.js';
import type { Tensor } from '../safetensors.js';
import type { Layout, Row, Stack } from './layout.js';

const AGAIN = 'Save the model again with save_pretrained(folder).';
const WHOLE = 'Save the whole model with model.save_pretrained(folder).';

/** Compares the tensors that are there with those that the configuration describes: names, shapes, numbers of layers. */
export function checkLayout(layout: Layout, tensors: readonly Tensor[]): Finding[] {
  const found = new FoundTensors(layout.prefix, tensors);
  const counts = layout.stacks.map(stack => ({ stack, blocks: found.countBlocks(stack.path) }));
  const rows = [...layout.rows, ...counts.flatMap(({ stack, blocks }) => rowsOf(stack, blocks))];
  return [
    ...(layout.multiples ?? []).flatMap(pair => whyNoMultiple(pair)),
    ...unique(counts.flatMap(({ stack, blocks }) => whyLayersDiffer(stack, blocks))),
    ...whyShapesDiffer(rows, found),
    ...whyNamesDiffer(rows, found),
  ];
}

/** Tensors by their names, which may lack the first part or have it too often. */
class FoundTensors {
  readonly #prefix: string;
  readonly #tensors: ReadonlyMap<string, Tensor>;

  constructor(prefix: string, tensors: readonly Tensor[]) {
    this.#prefix = `${prefix}.`;
    this.#tensors = new Map(tensors.map(tensor => [tensor.name, tensor]));
  }

  find(name: string): Tensor | undefined {
    for (const variant of this.#variants(name)) {
      const tensor = this.#tensors.get(variant);
      if (tensor !== undefined) return tensor;
    }
    return undefined;
  }

  /** How many different numbers stand below a path. */
  countBlocks(path: string): number {
    const paths = this.#variants(path).map(variant => `${variant}.`);
    const numbers = new Set<string>();
    for (const name of this.#tensors.keys()) {
      const before = paths.find(candidate => name.startsWith(candidate));
      const number = before === undefined ? undefined : /^\d+(?=\.)/.exec(name.slice(before.length))?.[0];
      if (number !== undefined) numbers.add(number);
    }
    return numbers.size;
  }

  /** Names of tensors that are none of these. */
  besides(names: readonly string[]): string[] {
    const known = new Set(names.flatMap(name => this.#variants(name)));
    return [...this.#tensors.keys()].filter(name => !known.has(name));
  }

  #variants(name: string): string[] {
    return name.startsWith(this.#prefix)
      ? [name, name.slice(this.#prefix.length)]
      : [name, `${this.#prefix}${name}`];
  }
}

/** Where the configuration asks for another number of blocks, those that are there are looked at. */
function rowsOf({ count, rows }: Stack, blocks: number): Row[] {
  const looked = blocks === count.value ? count.value : blocks;
  return Array.from({ length: looked }, (_, block) => rows(block)).flat();
}

function whyNoMultiple([length, of]: readonly [Length, Length]): Finding[] {
  if (Number.isNaN(length.value) || Number.isNaN(of.value) || length.value % of.value === 0) return [];
  const [key, other] = [length.keys.join(), of.keys.join()];
  return config(
    `config.json says ${key} is ${length.value} and ${other} is ${of.value}, but the first must be a multiple of the second.`,
  );
}

function whyLayersDiffer({ count, path }: Stack, blocks: number): Finding[] {
  if (Number.isNaN(count.value) || count.value === blocks) return [];
  return config(
    `config.json says ${count.keys.join()} is ${count.value}, the weights hold ${blocks} layers below ${path}.`,
  );
}

/** One sentence for each key of the configuration: what follows from a wrong one would only be repeated. */
function whyShapesDiffer(rows: readonly Row[], found: FoundTensors): Finding[] {
  const told = new Set<string>();
  return rows.flatMap(({ names, shape }) =>
    names.flatMap(name => {
      const tensor = found.find(name);
      const wrong = tensor === undefined ? undefined : firstDifference(tensor, shape, told);
      if (tensor === undefined || wrong === undefined) return [];
      for (const key of wrong.keys) told.add(key);
      return config(shapeSentence(tensor, shape, wrong));
    }),
  );
}

/** Stands for a key where a tensor has more or fewer dimensions than it should. */
const DIMENSIONS = 'the number of dimensions';
const OTHER_DIMENSIONS: Length = { value: Number.NaN, keys: [DIMENSIONS], isPlain: false };

function firstDifference(
  tensor: Tensor,
  shape: readonly Length[],
  told: ReadonlySet<string>,
): Length | undefined {
  if (tensor.shape.length !== shape.length) return told.has(DIMENSIONS) ? undefined : OTHER_DIMENSIONS;
  return shape.find(
    ({ value, keys }, at) =>
      !Number.isNaN(value) && value !== tensor.shape[at] && !keys.some(key => told.has(key)),
  );
}

function shapeSentence(tensor: Tensor, shape: readonly Length[], wrong: Length): string {
  const is = `${quoted(tensor.name)} has the shape ${shown(tensor.shape)}`;
  if (wrong.isPlain) return `config.json says ${wrong.keys.join()} is ${wrong.value}, but ${is}.`;
  const by = wrong === OTHER_DIMENSIONS ? '' : ` (by ${wrong.keys.join(', ')})`;
  return `config.json asks for the shape ${shown(shape.map(({ value }) => value))}${by}, but ${is}.`;
}

function shown(shape: readonly number[]): string {
  return shape.map(length => (Number.isNaN(length) ? '?' : String(length))).join(' x ') || 'of one number';
}

/** Left in old checkpoints, and passed over by the loader. */
const PASSED_OVER =
  /(^|\.)(inv_freq|attn\.(masked_)?bias|attention\.(masked_)?bias|position_ids|version|EncDecAttention\.relative_attention_bias\.weight|LayerNorm\.(gamma|beta))$/;

function whyNamesDiffer(rows: readonly Row[], found: FoundTensors): Finding[] {
  const missing = rows.filter(
    ({ names, optional }) => optional !== true && names.every(name => found.find(name) === undefined),
  );
  const foreign = found.besides(rows.flatMap(({ names }) => names)).filter(name => !PASSED_OVER.test(name));
  const lacking = quotedList(missing.map(({ names: [name = ''] }) => name));
  return [
    ...(missing.length > 0 ? [broken('tensors', `The weights lack ${lacking}. ${WHOLE}`)] : []),
    ...(foreign.length > 0
      ? [
          broken(
            'tensors',
            `The weights hold tensors that the model does not have: ${quotedList(foreign)}. ${WHOLE}`,
          ),
        ]
      : []),
  ];
}

function config(sentence: string): Finding[] {
  return [broken('config', `${sentence} ${AGAIN}`)];
}

function unique(findings: readonly Finding[]): Finding[] {
  return [...new Map(findings.map(finding => [finding.message, finding])).values()];
}
