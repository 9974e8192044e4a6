import type { FileHandle } from 'node:fs/promises';
import type { Dtype, Tensor } from '../../runs/intake/safetensors.js';

/** Types whose elements are floating-point numbers. */
export type FloatDtype = 'F64' | 'F32' | 'F16' | 'BF16';

const BYTES: Readonly<Record<FloatDtype, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

export function isFloat(dtype: Dtype): dtype is FloatDtype {
  return Object.hasOwn(BYTES, dtype);
}

/** Elements `start` to before `start + count` of a tensor of floating-point numbers, in the order of the file. */
export async function readValues(
  handle: FileHandle,
  { dtype, begin }: Tensor,
  start: number,
  count: number,
): Promise<Float64Array> {
  if (!isFloat(dtype)) throw new Error(`${dtype} is no floating-point type`);
  const size = BYTES[dtype];
  const bytes = new Uint8Array(count * size);
  await handle.read(bytes, 0, bytes.length, begin + start * size);
  return DECODERS[dtype](bytes.buffer);
}

const DECODERS: Readonly<Record<FloatDtype, (bytes: ArrayBuffer) => Float64Array>> = {
  F64: bytes => new Float64Array(bytes),
  F32: bytes => Float64Array.from(new Float32Array(bytes)),
  F16: bytes => Float64Array.from(new Uint16Array(bytes), halfValue),
  BF16: bytes => {
    const wide = Uint32Array.from(new Uint16Array(bytes), bits => bits << 16);
    return Float64Array.from(new Float32Array(wide.buffer));
  },
};

/** A number of IEEE's binary16, by its bits. */
function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Below it a type's numbers are evenly spaced by themselves, which says nothing about who wrote them. */
export const SMALLEST_NORMAL: Readonly<Record<FloatDtype, number>> = {
  F64: 2 ** -1022,
  F32: 2 ** -126,
  F16: 2 ** -14,
  BF16: 2 ** -126,
};
