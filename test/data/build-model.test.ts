import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { type BuildOptions, buildModel, isTrained, type TrainedSource } from '../../src/data/build-model.js';
import { findSource } from '../../src/data/datasets.js';
import { locateDataset } from '../../src/data/locate-dataset.js';
import type { DataPlace } from '../../src/data/locations.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { miniEdgeLlmCompression } from '../../src/tasks/mini-edge-llm-compression/task.js';
import { MINI_BASE_PARAMETERS } from '../../src/tasks/small-models.js';
import { freshFolder, freshPlace, NEVER, PACKAGE_DATA } from '../helpers/data.js';
import { processesNaming } from '../helpers/processes.js';

const LONG = 300_000;

/** The base, trained for so few steps that it is real in all but what it has learnt. */
function shortBase(steps = 2): TrainedSource {
  const source = findSource('mini_base');
  if (!isTrained(source)) throw new Error('the base is trained');
  return { ...source, training: { ...source.training, steps } };
}

function build(source: TrainedSource, place: DataPlace, options: Partial<BuildOptions> = {}) {
  return buildModel(source, place, {
    python: async () => inject('python'),
    signal: NEVER,
    onProgress: () => undefined,
    ...options,
  });
}

function leftIn(place: DataPlace): string[] {
  const folder = join(place.home, 'data', 'train');
  return existsSync(folder) ? readdirSync(folder).filter(name => name.includes('mini_')) : [];
}

it(
  'a model is the same in every home of a machine, is trained once, and shows how far it is',
  async () => {
    const [one, two] = [freshPlace(), freshPlace()];
    const steps: number[] = [];
    const onProgress: BuildOptions['onProgress'] = (_id, { step }) => void steps.push(step);
    const first = await build(shortBase(), one, { onProgress });
    expect(steps).toEqual([0, 1, 2]);
    const again = await build(shortBase(), one, { python: () => Promise.reject(new Error('asked for')) });
    expect(again).toEqual(first);
    expect((await build(shortBase(), two)).digest).toBe(first.digest);
    expect(leftIn(one)).toEqual(['mini_base']);
  },
  LONG,
);

it(
  'another way of training makes it anew',
  async () => {
    const place = freshPlace();
    const first = await build(shortBase(1), place);
    const second = await build(shortBase(2), place);
    expect(second.digest).not.toBe(first.digest);
    expect(leftIn(place)).toEqual(['mini_base']);
  },
  LONG,
);

it('a training that fails says where its log is, and leaves nothing half', async () => {
  const place = freshPlace();
  const program = join(freshFolder(), 'python');
  writeFileSync(program, '#!/bin/sh\necho "no module named torch" >&2\nexit 3\n');
  chmodSync(program, 0o755);
  await expect(build(shortBase(), place, { python: async () => program })).rejects.toThrow(
    `The program that trains mini_base stopped with exit code 3. Its log is ${place.home}/data/logs/mini_base.log. If that names no cause, run \`mlrb data build mini_base\` again.`,
  );
  await expect(build(shortBase(), place, { python: async () => '/no/python' })).rejects.toThrow(
    'The Python interpreter /no/python cannot be started. Run `mlrb setup`.',
  );
  expect(leftIn(place)).toEqual([]);
});

it(
  'a training that is stopped leaves no process and no files',
  async () => {
    const place = freshPlace();
    const stop = new AbortController();
    const building = build(shortBase(1000), place, {
      signal: stop.signal,
      onProgress: (_id, { step }) => void (step > 0 && stop.abort(new Error('stopped by the test'))),
    });
    await expect(building).rejects.toThrow('stopped by the test');
    expect(processesNaming(place.home)).toEqual([]);
    expect(leftIn(place)).toEqual([]);
  },
  LONG,
);

it('the models that tasks start from pass the checks of a submission', async () => {
  const place: DataPlace = { home: inject('home'), packageData: PACKAGE_DATA };
  const { submission } = miniEdgeLlmCompression;
  for (const id of ['mini_base', 'mini_expert_shakespeare', 'mini_expert_wikitext']) {
    const model = await locateDataset(id, place, NEVER);
    if (!model.isFound) throw new Error(model.reason);
    const copy = freshFolder();
    for (const { path } of model.record.files)
      execFileSync('cp', [join(model.folder, path), join(copy, path)]);
    const { findings, parameters } = await inspectModelFolder(copy, { ...submission, max_bytes: 1e9 });
    expect({ id, findings, parameters }).toEqual({ id, findings: [], parameters: MINI_BASE_PARAMETERS });
  }
});

it(
  'leave room: training on a text helps with it, and the mean of both experts beats either on the two texts',
  async () => {
    const place: DataPlace = { home: inject('home'), packageData: PACKAGE_DATA };
    const folderOf = async (id: string) => {
      const located = await locateDataset(id, place, NEVER);
      if (!located.isFound) throw new Error(located.reason);
      return located.folder;
    };
    const models = ['mini_base', 'mini_expert_shakespeare', 'mini_expert_wikitext'];
    const texts = ['tinyshakespeare_heldout', 'wikitext2_heldout'];
    const request = {
      models: await Promise.all(models.map(folderOf)),
      texts: await Promise.all(texts.map(async id => join(await folderOf(id), `${id}.txt`))),
    };
    const program = join(import.meta.dirname, 'bits-per-byte.py');
    const printed = execFileSync(inject('python'), [program], {
      input: JSON.stringify(request),
      encoding: 'utf8',
    });
    const [base = [], shakespeare = [], wikitext = [], merged = []] = JSON.parse(printed) as number[][];
    const mean = ([a = Number.NaN, b = Number.NaN]: number[]) => (a + b) / 2;
    expect(shakespeare[0]).toBeLessThan(Number(base[0]) - 1);
    expect(wikitext[1]).toBeLessThan(Number(base[1]));
    expect(mean(merged)).toBeLessThan(Math.min(mean(shakespeare), mean(wikitext)) - 0.05);
  },
  LONG,
);
