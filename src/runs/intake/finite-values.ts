import type { FileHandle } from 'node:fs/promises';
import type { Dtype, Tensor } from './safetensors.js';

/** A multiple of every element's size. */
const CHUNK_BYTES = 4 << 20;

/** Names of the tensors that hold NaN or an infinity. Reads the data of the file in pieces. */
export async function findNonFinite(handle: FileHandle, tensors: readonly Tensor[]): Promise<string[]> {
  const chunk = Buffer.from(new ArrayBuffer(CHUNK_BYTES));
  const found: string[] = [];
  for (const tensor of tensors) if (await isNonFinite(handle, tensor, chunk)) found.push(tensor.name);
  return found;
}

async function isNonFinite(
  handle: FileHandle,
  { dtype, begin, end }: Tensor,
  chunk: Buffer,
): Promise<boolean> {
  const hasNonFinite = TESTS[dtype];
  if (hasNonFinite === undefined) return false;
  for (let at = begin; at < end; ) {
    const { bytesRead } = await handle.read(chunk, 0, Math.min(CHUNK_BYTES, end - at), at);
    if (bytesRead === 0) return true;
    const whole = bytesRead - (bytesRead % 8 && at + bytesRead < end ? bytesRead % 8 : 0);
    if (whole === 0 || hasNonFinite(chunk, whole)) return true;
    at += whole;
  }
  return false;
}

type Test = (chunk: Buffer, bytes: number) => boolean;

/** All bits of the exponent set is NaN or an infinity in every IEEE type; the files are little-endian. */
const TESTS: Partial<Record<Dtype, Test>> = {
  F64: (chunk, bytes) => hasHalf(new Uint16Array(chunk.buffer, 0, bytes / 2), 0x7ff0, 4),
  F32: (chunk, bytes) => hasHalf(new Uint16Array(chunk.buffer, 0, bytes / 2), 0x7f80, 2),
  BF16: (chunk, bytes) => hasHalf(new Uint16Array(chunk.buffer, 0, bytes / 2), 0x7f80, 1),
  F16: (chunk, bytes) => hasHalf(new Uint16Array(chunk.buffer, 0, bytes / 2), 0x7c00, 1),
};

/** Looks at the highest 16 bits of each element of `step` halves: the exponent lies there in every type. */
function hasHalf(halves: Uint16Array, exponent: number, step: number): boolean {
  for (let at = step - 1; at < halves.length; at += step) {
    if (((halves[at] ?? 0) & exponent) === exponent) return true;
  }
  return false;
}
