import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkQuantisation } from '../../../src/eval/rules/no-quantisation.js';
import { listModelFolder } from '../../../src/runs/intake/list-model-folder.js';
import { readWeights } from '../../../src/runs/intake/read-weights.js';
import type { Finding } from '../../../src/runs/outcome.js';
import { float32, freshFolder, readTensors, writeTensors } from '../../runs/intake/model-folder.js';
import { type MadeModels, makeModels } from './made-models.js';

let models: MadeModels;
beforeAll(() => {
  models = makeModels('quantisation');
}, 300_000);
afterAll(() => models.remove());

it.each(['float32', 'fresh', 'float16', 'bfloat16', 'llama_bfloat16', 'pruned', 'zero', 'tiny_float16'])(
  'an honest model is not flagged: %s',
  async name => {
    expect(await check(join(models.root, name))).toEqual([]);
  },
);

it.each([
  'int8_of_all',
  'int8_of_columns',
  'int8_in_float16',
  'int4_of_groups',
  'int4_in_bfloat16',
  'nf4',
  'ternary',
  'float8',
  'pruned_int4',
])('weights that were quantised and written as plain numbers again break the rule: %s', async name => {
  const [finding, ...more] = await check(join(models.root, name));
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ rule: 'no_quantisation', severity: 'broken' });
  expect(finding?.evidence?.length).toBeGreaterThan(5);
  expect(finding?.evidence?.[0]).toMatch(/^"[\w.]+" \(\d+ × \d+\): .*\d/);
});

it('one small matrix of few values among honest ones is a suspicion', async () => {
  const folder = copy('float32');
  const path = join(folder, 'model.safetensors');
  const tensors = readTensors(path);
  const odd = readTensors(join(models.root, 'ternary', 'model.safetensors'));
  const name = 'transformer.h.0.attn.c_proj.weight';
  const replaced = odd[name];
  if (replaced === undefined) throw new Error(`${name} is missing`);
  writeTensors(path, { ...tensors, [name]: replaced });
  expect(await check(folder)).toMatchObject([
    { severity: 'suspicion', evidence: [expect.stringContaining(name)] },
  ]);
});

it('tensors of a packed model break the rule by their names', async () => {
  const folder = copy('float32');
  const path = join(folder, 'model.safetensors');
  const scales = { dtype: 'F32', shape: [2], data: float32(0.5, 0.25) };
  writeTensors(path, { ...readTensors(path), 'transformer.h.0.attn.c_attn.scales': scales });
  expect(await check(folder)).toMatchObject([
    { severity: 'broken', message: expect.stringContaining('"transformer.h.0.attn.c_attn.scales"') },
  ]);
});

function copy(name: string): string {
  const folder = join(freshFolder(), 'model');
  cpSync(join(models.root, name), folder, { recursive: true });
  return folder;
}

async function check(folder: string): Promise<Finding[]> {
  const { files } = await listModelFolder(folder);
  const { tensors, findings } = await readWeights(folder, files);
  expect(findings).toEqual([]);
  return checkQuantisation(folder, tensors, new AbortController().signal);
}
