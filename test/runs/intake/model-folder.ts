import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import type { Finding } from '../../../src/runs/outcome.js';
import { miniBabyLm } from '../../../src/tasks/mini-baby-lm/task.js';
import { WORKSPACE_FILES } from '../../../src/tasks/workspace-files.js';

export const limits = miniBabyLm.submission;
export const EXAMPLE = join(WORKSPACE_FILES, 'example_submission');

/** Sizes of the example, which is a GPT-2 model. */
export const example = z
  .object({ vocab_size: z.number(), n_embd: z.number(), n_layer: z.number(), n_positions: z.number() })
  .parse(JSON.parse(readFileSync(join(EXAMPLE, 'config.json'), 'utf8')));

/** A fresh folder that is gone after the test. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of the example submission, which is sound, to be spoilt. */
export function modelFolder(): string {
  const folder = join(freshFolder(), 'model');
  cpSync(EXAMPLE, folder, { recursive: true });
  return folder;
}

/** Changes keys of a JSON file of a model folder. */
export function editJson(folder: string, name: string, changes: Record<string, unknown>): void {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
}

export interface RawTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}
export type Tensors = Record<string, RawTensor>;

export function readTensors(path: string): Tensors {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE());
  const { __metadata__, ...entries } = JSON.parse(file.subarray(8, 8 + length).toString());
  const data = file.subarray(8 + length);
  return Object.fromEntries(
    Object.entries(
      entries as Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>,
    ).map(([name, { dtype, shape, data_offsets: offsets }]) => [
      name,
      { dtype, shape, data: data.subarray(...offsets) },
    ]),
  );
}

export function writeTensors(path: string, tensors: Tensors): void {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [at, at + data.length] };
    at += data.length;
  }
  writeRaw(path, JSON.stringify(header), Buffer.concat(Object.values(tensors).map(tensor => tensor.data)));
}

/** A safetensors file with any text as its header, and any length before it. */
export function writeRaw(
  path: string,
  header: string,
  data: Uint8Array,
  length = BigInt(Buffer.byteLength(header)),
): void {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length);
  writeFileSync(path, Buffer.concat([prefix, Buffer.from(header), data]));
}

const POSITIONS = 'transformer.wpe.weight';

/** Gives a copy of the example so many positions, all zero. They are a hole in the file, so they take no disk. */
export function growPositions(folder: string, rows: number): void {
  const path = join(folder, 'model.safetensors');
  const { [POSITIONS]: old, ...tensors } = readTensors(path);
  const width = old?.shape[1] ?? 0;
  const data = Buffer.concat(Object.values(tensors).map(tensor => tensor.data));
  const bytes = rows * width * 2;
  let at = 0;
  const header = Object.fromEntries(
    Object.entries(tensors).map(
      ([
        name,
        {
          dtype,
          shape,
          data: { length },
        },
      ]) => {
        at += length;
        return [name, { dtype, shape, data_offsets: [at - length, at] }];
      },
    ),
  );
  const zeros = { dtype: 'BF16', shape: [rows, width], data_offsets: [at, at + bytes] };
  const text = JSON.stringify({ ...header, [POSITIONS]: zeros });
  chmodSync(path, 0o644);
  writeRaw(path, text, data);
  truncateSync(path, 8 + Buffer.byteLength(text) + at + bytes);
  editJson(folder, 'config.json', { n_positions: rows });
}

export function float32(...values: number[]): Uint8Array {
  return new Uint8Array(new Float32Array(values).buffer);
}

/** The sentences of the findings of one rule. */
export function messagesOf(findings: readonly Finding[], rule: string): string[] {
  return findings.filter(finding => finding.rule === rule).map(finding => finding.message);
}
