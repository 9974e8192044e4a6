import type { FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { grouped } from '../../lib/text.js';
import type { Finding } from '../outcome.js';
import { findDuplicateKey } from './duplicate-key.js';
import { broken, quoted } from './findings.js';
import { isObject } from './read-json.js';

/** The limit of the format's own reader. */
const MAX_HEADER_BYTES = 100_000_000;
const MAX_TENSORS = 100_000;
const LENGTH_BYTES = 8;

/** Bytes of one element, for the types whose values are numbers as they stand. */
const ELEMENT_BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, BOOL: 1 } as const;
export type Dtype = keyof typeof ELEMENT_BYTES;

/** A tensor as a header names it. Offsets are bytes from the start of the file. */
export interface Tensor {
  readonly name: string;
  readonly file: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: readonly Tensor[];
  readonly findings: readonly Finding[];
}

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.number().int().nonnegative()).max(16),
  data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
});

/** Reads and checks the header of a safetensors file; the data is not read. */
export async function readSafetensorsHeader(handle: FileHandle, file: string): Promise<Header> {
  const { size } = await handle.stat();
  const text = await readHeaderText(handle, size);
  if (text === undefined) return damaged(file, 'its header does not fit into it');
  const header = parseObject(text);
  if (header === undefined) return damaged(file, 'its header is not a JSON object');
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) return damaged(file, `its header names ${quoted(duplicate)} twice`);
  const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
  if (entries.length === 0) return damaged(file, 'it holds no tensor');
  if (entries.length > MAX_TENSORS) return damaged(file, `it holds over ${grouped(MAX_TENSORS)} tensors`);
  const dataStart = LENGTH_BYTES + Buffer.byteLength(text);
  return readEntries({ file, entries, dataStart, size });
}

function damaged(file: string, what: string): Header {
  const message = `${quoted(file)} is not a sound safetensors file: ${what}. Save the model again with save_pretrained(folder).`;
  return { tensors: [], findings: [broken('tensors', message)] };
}

async function readHeaderText(handle: FileHandle, size: number): Promise<string | undefined> {
  const prefix = Buffer.alloc(LENGTH_BYTES);
  if ((await handle.read(prefix, 0, LENGTH_BYTES, 0)).bytesRead < LENGTH_BYTES) return undefined;
  const length = prefix.readBigUInt64LE();
  if (length > MAX_HEADER_BYTES || Number(length) > size - LENGTH_BYTES) return undefined;
  const header = Buffer.alloc(Number(length));
  if ((await handle.read(header, 0, header.length, LENGTH_BYTES)).bytesRead < header.length) return undefined;
  const text = header.toString('utf8');
  // Bytes that are no UTF-8 would change the length, and with it where the data begins.
  return Buffer.byteLength(text) === header.length ? text : undefined;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return text.startsWith('{') && isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface RawHeader {
  readonly file: string;
  readonly entries: readonly (readonly [string, unknown])[];
  readonly dataStart: number;
  readonly size: number;
}

function readEntries({ file, entries, dataStart, size }: RawHeader): Header {
  const tensors: Tensor[] = [];
  for (const [name, raw] of entries) {
    const entry = Entry.safeParse(raw);
    if (!entry.success) return damaged(file, `the entry of ${quoted(name)} is malformed`);
    const { dtype, shape, data_offsets: offsets } = entry.data;
    if (!isDtype(dtype)) return { tensors: [], findings: [refusedType(file, name, dtype)] };
    const [begin, end] = offsets;
    if (end - begin !== countElements(shape) * ELEMENT_BYTES[dtype])
      return damaged(file, `the length of ${quoted(name)} does not fit its shape`);
    tensors.push({ name, file, dtype, shape, begin: dataStart + begin, end: dataStart + end });
  }
  const gap = findGap(tensors, dataStart, size);
  return gap === undefined ? { tensors, findings: [] } : damaged(file, gap);
}

function isDtype(dtype: string): dtype is Dtype {
  return Object.hasOwn(ELEMENT_BYTES, dtype);
}

function refusedType(file: string, name: string, dtype: string): Finding {
  const message = `The tensor ${quoted(name)} in ${quoted(file)} has the type ${quoted(dtype)}: quantised weights are not accepted. Save the weights as float32, float16 or bfloat16.`;
  return broken('tensors', message);
}

/** Number of elements of a shape; 1 for a scalar. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** The data must be filled without holes and overlaps, so that nothing is hidden in it or read twice. */
function findGap(tensors: readonly Tensor[], dataStart: number, size: number): string | undefined {
  let at = dataStart;
  for (const { name, begin, end } of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== at)
      return `the data of ${quoted(name)} ${begin < at ? 'overlaps another tensor' : 'begins after a hole'}`;
    at = end;
  }
  if (at > size) return 'its data is cut off';
  return at < size ? 'there is data after its last tensor' : undefined;
}
