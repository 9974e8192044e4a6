import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { quoted, quotedList } from '../../runs/intake/findings.js';
import { openRegularFile } from '../../runs/intake/open-regular-file.js';
import { countElements, type Tensor } from '../../runs/intake/safetensors.js';
import type { Finding } from '../../runs/outcome.js';
import { type Block, FEWEST_WEIGHTS, findFewValues } from './few-values.js';
import { isFloat, readValues, SMALLEST_NORMAL } from './tensor-values.js';

/** Names under which the usual packages keep packed weights and what they need to unpack them. */
const PACKED =
  /(^|[._])(qweight|qzeros|qscales|scales|g_idx|absmax|nested_absmax|quant_map|nested_quant_map|quant_state|bitsandbytes__\w+|SCB|weight_packed|weight_scale|weight_scale_inv|weight_zero_point|input_scale)$/;

/** Of the weights in matrices that may be few-valued before the model counts as quantised. */
const BROKEN_SHARE = 0.1;

/** Weights that stand for a smaller set of values, whatever type they are stored as. Reads a sample of each matrix. */
export async function checkQuantisation(
  folder: string,
  tensors: readonly Tensor[],
  signal: AbortSignal,
): Promise<Finding[]> {
  const packed = tensors.filter(({ name }) => PACKED.test(name)).map(({ name }) => name);
  if (packed.length > 0)
    return [
      quantised(
        'broken',
        `The weights are packed: there are the tensors ${quotedList(packed)}, which belong to a quantised model. Hand in plain weights.`,
        packed.slice(0, MOST_LINES).map(name => `tensor ${quoted(name)}`),
      ),
    ];
  const matrices = tensors.filter(isMatrix);
  const found = await findFewValued(folder, matrices, signal);
  if (found.length === 0) return [];
  const share = elementsOf(found.map(({ tensor }) => tensor)) / elementsOf(matrices);
  return [
    quantised(
      share >= BROKEN_SHARE ? 'broken' : 'suspicion',
      `The weights of ${found.length} of ${matrices.length} matrices stand for a smaller set of values: they were quantised, and written as floating-point numbers again (${quotedList(found.map(({ tensor }) => tensor.name))}). Hand in weights that never were.`,
      found
        .slice(0, MOST_LINES)
        .map(({ tensor, how }) => `${quoted(tensor.name)} (${tensor.shape.join(' × ')}): ${how}`),
    ),
  ];
}

const MOST_LINES = 20;

function quantised(severity: Finding['severity'], message: string, evidence: string[]): Finding {
  return { rule: 'no_quantisation', severity, message, evidence };
}

/** Vectors are scales and shifts, of which a handful of values says nothing. */
function isMatrix({ dtype, shape }: Tensor): boolean {
  return isFloat(dtype) && shape.length >= 2 && countElements(shape) > FEWEST_WEIGHTS;
}

function elementsOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { shape }) => sum + countElements(shape), 0);
}

async function findFewValued(folder: string, matrices: readonly Tensor[], signal: AbortSignal) {
  const found: { tensor: Tensor; how: string }[] = [];
  for (const file of new Set(matrices.map(tensor => tensor.file))) {
    await using handle = await openRegularFile(join(folder, file));
    for (const tensor of matrices.filter(each => each.file === file)) {
      signal.throwIfAborted();
      if (!isFloat(tensor.dtype)) continue;
      const how = findFewValues(await readBlocks(handle, tensor), SMALLEST_NORMAL[tensor.dtype]);
      if (how !== null) found.push({ tensor, how });
    }
  }
  return found;
}

/** Rows read at once: the largest group along a column that is looked at. */
const BLOCK_ROWS = 128;
const BLOCKS = 4;
const BLOCK_VALUES = 4_000_000;

/** Some rows of a matrix, at places spread over it. */
async function readBlocks(handle: FileHandle, tensor: Tensor): Promise<Block[]> {
  const columns = tensor.shape.at(-1) ?? 1;
  const all = countElements(tensor.shape) / columns;
  const rows = Math.max(1, Math.min(BLOCK_ROWS, all, Math.floor(BLOCK_VALUES / columns)));
  const last = Math.floor(all / rows) - 1;
  const starts = new Set(
    Array.from({ length: BLOCKS }, (_, at) => Math.floor((at * last) / (BLOCKS - 1)) * rows),
  );
  const blocks: Block[] = [];
  for (const start of starts)
    blocks.push({ rows, columns, values: await readValues(handle, tensor, start * columns, rows * columns) });
  return blocks;
}
