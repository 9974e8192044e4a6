import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, inject, it } from 'vitest';
import { digestOfFiles, RECORD_FILE } from '../../../src/data/dataset-record.js';
import { findSource } from '../../../src/data/datasets.js';
import { hashFile } from '../../../src/data/file-facts.js';
import { madeBy } from '../../../src/data/inspect-dataset.js';
import { datasetFolder } from '../../../src/data/locations.js';
import { ConfigError } from '../../../src/errors.js';
import { checkMergingPackage, type MergingRule } from '../../../src/eval/rules/merging-package.js';
import type { RuleSubject } from '../../../src/eval/rules/rule-subject.js';
import { PACKAGE_ROOT } from '../../../src/lib/package-root.js';
import { listModelFolder } from '../../../src/runs/intake/list-model-folder.js';
import type { Finding } from '../../../src/runs/outcome.js';
import { MERGING_FILES } from '../../../src/tasks/llm-merging/task.js';
import { miniLlmMerging } from '../../../src/tasks/mini-llm-merging/task.js';
import { freshFolder } from '../../runs/intake/model-folder.js';
import { type MadeModels, makeModels } from './made-models.js';

/** Real merges with the package, as a contestant makes them, of models that lie where the host keeps those that the task gives. */
const signal = new AbortController().signal;
const RULE: MergingRule = { id: 'merging_package', text: 'Merge with the package.', max_minutes: 5 };
let models: MadeModels;
let place: { home: string; packageData: string };
let workspace: string;

beforeAll(async () => {
  models = makeModels('merging');
  place = { home: join(models.root, 'home'), packageData: join(PACKAGE_ROOT, 'data') };
  workspace = join(models.root, 'workspace');
  cpSync(MERGING_FILES, workspace, { recursive: true });
  merge('merged', ['mini_expert_shakespeare', 'mini_expert_wikitext']);
}, 300_000);
beforeEach(async () => {
  for (const id of ['mini_base', 'mini_expert_shakespeare', 'mini_expert_wikitext']) await give(id);
});
afterAll(() => models.remove());

it('a merge of the given models that gives the same bytes again breaks nothing', async () => {
  expect(await check('merged')).toEqual([]);
  expect(readdirSync(join(place.home, 'scratch'))).toEqual([]);
});

it('without a record, and with a record of other weights, the rule is broken', async () => {
  const bare = freshFolder();
  expect(await check('merged', { workspace: bare })).toMatchObject([
    { severity: 'broken', message: expect.stringContaining('no record of a merge') },
  ]);
  expect(await check('own', {}, join(models.root, 'own'))).toMatchObject([
    {
      severity: 'broken',
      message: expect.stringContaining('No merge in llm_merging/merges.jsonl made these'),
    },
  ]);
});

it('a record that was written by hand for other weights is found out by carrying the merge out again', async () => {
  const forged = copyOfWorkspace();
  const record = lastRecord(forged);
  const weights = join(models.root, 'own', 'model.safetensors');
  const digest = spawnSync(
    inject('python'),
    [
      '-B',
      '-c',
      'import sys; from llm_merging.checkpoint import digest_of; print(digest_of(sys.argv[1], ["model.safetensors"]))',
      join(models.root, 'own'),
    ],
    { cwd: join(forged, 'llm_merging'), encoding: 'utf8' },
  ).stdout.trim();
  expect(readFileSync(weights).length).toBeGreaterThan(0);
  append(forged, { ...record, weights_digest: digest });
  const [finding] = await check('own', { workspace: forged }, join(models.root, 'own'));
  expect(finding).toMatchObject({ severity: 'broken', message: expect.stringContaining('other weights') });
  expect(finding?.evidence?.[1]).toMatch(/^re-run: weights "[0-9a-f]{16}", \d+\.\d s$/);
});

it.each([
  ['took too long', { seconds: 301 }, 'broken', 'took 5 min'],
  [
    'used a method of the contestant',
    { method: { name: 'mine', file: 'mine.py', sha256: 'ab' } },
    'suspicion',
    'own',
  ],
  [
    'used the package, changed',
    { method: { name: 'weighted_average', file: 'weighted_average.py', sha256: 'ab' } },
    'suspicion',
    'own',
  ],
  [
    'merged what is not given',
    { base: { path: '/workspace/other', digest: 'ab' } },
    'broken',
    'not those that the task gives',
  ],
] as const)('a merge that %s is told', async (_what, changes, severity, words) => {
  const changed = copyOfWorkspace();
  const record = lastRecord(changed);
  append(changed, { ...record, ...changes });
  const [finding, ...more] = await check('merged', { workspace: changed });
  expect(more).toEqual([]);
  expect(finding).toMatchObject({ rule: 'merging_package', severity });
  expect(finding?.message).toContain(words);
  expect(finding?.message).not.toMatch(/Traceback|Error/);
});

it('a merge that the package refuses breaks the rule, in a sentence without a traceback', async () => {
  const changed = copyOfWorkspace();
  const file = 'adapter_average.py';
  const content = readFileSync(join(changed, 'llm_merging', 'llm_merging', 'methods', file));
  const sha256 = createHash('sha256').update(content).digest('hex');
  append(changed, { ...lastRecord(changed), method: { name: 'adapter_average', file, sha256 } });
  const [finding] = await check('merged', { workspace: changed });
  expect(finding).toMatchObject({ severity: 'broken', message: expect.stringContaining('refuses') });
  expect(finding?.evidence?.[0]).toContain('merges LoRA adapters');
  expect(JSON.stringify(finding)).not.toMatch(/Traceback|Error/);
});

it('sources must name a day before the bound, where there is one', async () => {
  const rule: MergingRule = { ...RULE, sources_before: '2024-05-31' };
  const dated = copyOfWorkspace();
  const record = lastRecord(dated);
  const days = (published: string | null) => record.sources.map(source => ({ ...source, published }));
  for (const [day, count] of [
    ['2024-05-30', 0],
    ['2024-05-31', 1],
    [null, 1],
  ] as const) {
    append(dated, { ...record, sources: days(day) });
    expect(await check('merged', { workspace: dated }, undefined, rule)).toHaveLength(count);
  }
});

it('what cannot be checked is a suspicion: without a run, and without a Python environment', async () => {
  expect(await check('merged', { workspace: undefined })).toMatchObject([{ severity: 'suspicion' }]);
  const python = () => Promise.reject(new ConfigError('There is none.'));
  expect(await check('merged', { python })).toMatchObject([
    { severity: 'suspicion', message: expect.stringContaining('no Python environment') },
  ]);
});

/** Puts a model where the host keeps the data set, with its record. */
async function give(id: string): Promise<void> {
  const source = findSource(id);
  const folder = datasetFolder(place, source.dataset);
  cpSync(join(models.root, id), folder, { recursive: true });
  const names = readdirSync(folder).filter(name => name !== RECORD_FILE); // that of the test before
  const files = await Promise.all(
    names.map(async path => ({
      path,
      bytes: readFileSync(join(folder, path)).length,
      sha256: await hashFile(join(folder, path), signal),
    })),
  );
  const record = {
    version: 1,
    id,
    role: source.dataset.role,
    origin: { kind: 'built', from: {} },
    made_by: madeBy(source),
    files,
    digest: digestOfFiles(files),
    sample: [],
    differs: [],
    made_at: new Date().toISOString(),
  };
  writeFileSync(join(folder, RECORD_FILE), JSON.stringify(record));
}

/** As a contestant does, with the copy of the package in the workspace. */
function merge(out: string, sources: readonly string[]): void {
  const plan = {
    method: 'weighted_average',
    base: { path: join(models.root, 'mini_base') },
    sources: sources.map((name, at) => ({ path: join(models.root, name), weight: 0.25 + at / 2 })),
  };
  writeFileSync(join(workspace, 'plan.json'), JSON.stringify(plan));
  const argv = ['merge', '--plan', join(workspace, 'plan.json'), '--out', join(workspace, out)];
  const merged = spawnSync(inject('python'), ['-B', '-m', 'llm_merging', ...argv], {
    cwd: join(workspace, 'llm_merging'),
    encoding: 'utf8',
  });
  expect(merged.status, merged.stderr).toBe(0);
}

function copyOfWorkspace(): string {
  const folder = join(freshFolder(), 'workspace');
  cpSync(workspace, folder, { recursive: true });
  return folder;
}

function recordPath(folder: string): string {
  return join(folder, 'llm_merging', 'merges.jsonl');
}

interface Line {
  readonly sources: readonly object[];
}

function lastRecord(folder: string): Line {
  return JSON.parse(readFileSync(recordPath(folder), 'utf8').trim().split('\n').at(-1) ?? '');
}

function append(folder: string, record: object): void {
  appendFileSync(recordPath(folder), `half a line\n${JSON.stringify(record)}\n`);
}

async function check(
  name: string,
  changes: Partial<RuleSubject> = {},
  modelFolder = join(workspace, name),
  rule = RULE,
): Promise<Finding[]> {
  const { files } = await listModelFolder(modelFolder);
  const python = async () => inject('python');
  const subject = { task: miniLlmMerging, modelFolder, files, workspace, place, python, signal, ...changes };
  return checkMergingPackage(subject, rule);
}
