import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkFromBase } from '../../../src/eval/rules/from-base.js';
import { checkFromScratch } from '../../../src/eval/rules/from-scratch.js';
import { collectFingerprints } from '../../../src/eval/rules/known-models.js';
import { PACKAGE_ROOT } from '../../../src/lib/package-root.js';
import { listModelFolder } from '../../../src/runs/intake/list-model-folder.js';
import { readWeights } from '../../../src/runs/intake/read-weights.js';
import type { Finding } from '../../../src/runs/outcome.js';
import { miniBabyLm } from '../../../src/tasks/mini-baby-lm/task.js';
import { freshFolder } from '../../runs/intake/model-folder.js';
import { type MadeModels, makeModels } from './made-models.js';

const signal = new AbortController().signal;
let models: MadeModels;
let home: string;
beforeAll(async () => {
  models = makeModels('origins');
  const collection = join(models.root, 'collection', 'somebody', 'known-model');
  cpSync(join(models.root, 'known'), collection, { recursive: true });
  home = join(models.root, 'home');
  const collected = await collectFingerprints(join(models.root, 'collection'), place(), signal);
  expect(collected).toEqual([{ folder: collection, matrices: 10 }]);
  rmSync(join(models.root, 'collection'), { recursive: true });
}, 300_000);
afterAll(() => models.remove());

it.each(['known', 'fine_tuned', 'float16', 'scaled', 'noise', 'rounded', 'renamed'])(
  'weights of a known model are found again: %s',
  async name => {
    const [finding, ...more] = await check(name);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: 'from_scratch', severity: 'broken' });
    expect(finding?.message).toContain('"somebody/known-model"');
    expect(finding?.evidence?.[0]).toContain('10 of 10 matrices');
    expect(finding?.evidence?.[1]).toMatch(/^"[\w.]+" and its "[\w.]+": r = -?(0\.[5-9]\d\d|1\.000)$/);
  },
);

it.each(['other_seed', 'other_seed_fresh'])(
  'a model of the same shape that was trained from another seed is not one: %s',
  async name => {
    expect(await check(name)).toEqual([]);
  },
);

it('one small matrix out of a known model is a suspicion', async () => {
  expect(await check('small_part')).toMatchObject([
    {
      severity: 'suspicion',
      evidence: [expect.stringContaining('1 of 10'), expect.stringContaining('c_proj')],
    },
  ]);
});

it('where the task does not forbid known weights they are a suspicion', async () => {
  const [noted] = await check('known', 'suspicion');
  expect(noted).toMatchObject({ severity: 'suspicion' });
  expect(noted?.message).toMatch(/That is noted beside the score, which stands\.$/);
});

it.each(['fine_tuned', 'scaled', 'small_part'])(
  'a model that was made from the given base is taken for that: %s',
  async name => {
    const { subject, tensors } = await submitted(name);
    expect(await checkFromBase(subject, tensors, 'somebody/known-model')).toEqual([]);
  },
);

it('one that has nothing of the given base is a suspicion, and where the base is not there nothing is said', async () => {
  const { subject, tensors } = await submitted('other_seed_fresh');
  expect(await checkFromBase(subject, tensors, 'somebody/known-model')).toMatchObject([
    {
      rule: 'from_base',
      severity: 'suspicion',
      message: expect.stringContaining('No matrix of the model resembles one of the base'),
      evidence: [expect.stringContaining('0 of 10 matrices')],
    },
  ]);
  expect(await checkFromBase(subject, tensors, 'nobody/unknown-model')).toEqual([]);
});

it('collecting a folder again replaces what was collected, and a folder without a model is left out with a reason', async () => {
  const folder = freshFolder();
  cpSync(join(models.root, 'known'), join(folder, 'one'), { recursive: true });
  mkdirSync(join(folder, 'broken'));
  writeFileSync(join(folder, 'broken', 'model.safetensors'), 'not that');
  const other = { home: freshFolder(), packageData: '' };
  await collectFingerprints(folder, other, signal);
  const [broken, one] = await collectFingerprints(folder, other, signal);
  expect(broken).toMatchObject({
    matrices: 0,
    reason: expect.stringContaining('not a sound safetensors file'),
  });
  expect(one).toMatchObject({ matrices: 10 });
  expect(readdirSync(join(other.home, 'data', 'fingerprints'))).toHaveLength(1);
});

it('a damaged fingerprint is a sentence for the operator', async () => {
  const damaged = freshFolder();
  mkdirSync(join(damaged, 'data', 'fingerprints'), { recursive: true });
  writeFileSync(join(damaged, 'data', 'fingerprints', 'x.json'), '{"version":1}');
  await expect(check('known', 'broken', damaged)).rejects.toThrow(/x\.json is damaged\. Remove it/);
});

function place(at = home) {
  return { home: at, packageData: join(PACKAGE_ROOT, 'data') };
}

async function check(name: string, severity: Finding['severity'] = 'broken', at = home): Promise<Finding[]> {
  const { subject, tensors } = await submitted(name, at);
  return checkFromScratch(subject, tensors, severity);
}

async function submitted(name: string, at = home) {
  const modelFolder = join(models.root, name);
  const { files } = await listModelFolder(modelFolder);
  const { tensors } = await readWeights(modelFolder, files);
  const python = async () => '';
  return { subject: { task: miniBabyLm, modelFolder, files, place: place(at), python, signal }, tensors };
}
