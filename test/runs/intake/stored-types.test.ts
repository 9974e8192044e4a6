import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inspectModelFolder } from '../../../src/runs/intake/inspect-model-folder.js';
import { limits, messagesOf, modelFolder, readTensors, writeTensors } from './model-folder.js';

it('weights in a type that the task takes are accepted', async () => {
  const { findings } = await inspectModelFolder(modelFolder(), { ...limits, dtypes: ['float32'] });
  expect(findings).toEqual([]);
});

it('weights in a type that the task does not take are refused, with the types that it takes', async () => {
  const { findings } = await inspectModelFolder(modelFolder(), {
    ...limits,
    dtypes: ['bfloat16', 'float16'],
  });
  expect(messagesOf(findings, 'tensors')).toEqual([
    expect.stringMatching(
      /^(\d+) of \1 tensors are stored as float32 \(".*\), the task takes bfloat16 or float16\. Save .*torch\.bfloat16/,
    ),
  ]);
});

it('one tensor in 64 bits among others is refused', async () => {
  const folder = modelFolder();
  const path = join(folder, 'model.safetensors');
  const tensors = readTensors(path);
  const name = 'transformer.ln_f.bias';
  const shape = tensors[name]?.shape ?? [];
  const data = new Uint8Array((shape[0] ?? 0) * 8);
  writeTensors(path, { ...tensors, [name]: { dtype: 'F64', shape, data } });
  const { findings } = await inspectModelFolder(folder, limits);
  expect(messagesOf(findings, 'tensors')[0]).toMatch(/^1 of \d+ tensors are stored as float64/);
});
