import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateDataset } from '../../../src/data/locate-dataset.js';
import { checkEvaluationText } from '../../../src/eval/rules/no-evaluation-text.js';
import { PACKAGE_ROOT } from '../../../src/lib/package-root.js';
import { listModelFolder } from '../../../src/runs/intake/list-model-folder.js';
import type { Finding } from '../../../src/runs/outcome.js';
import { miniBabyLm } from '../../../src/tasks/mini-baby-lm/task.js';
import { miniLlmEfficiency } from '../../../src/tasks/mini-llm-efficiency/task.js';
import type { Task } from '../../../src/tasks/task.js';
import { EXAMPLE, editJson, freshFolder, modelFolder } from '../../runs/intake/model-folder.js';

/** The real items and the real given data; what the contestant left is written here. */
const signal = new AbortController().signal;
let place: { home: string; packageData: string };
let sentences: string[];
let given: string;
let heldOut: string;
beforeAll(async () => {
  place = { home: mkdtempSync(join(tmpdir(), 'mlrb-test-')), packageData: join(PACKAGE_ROOT, 'data') };
  sentences = (await textOf('blimp', 'adjunct_island.jsonl'))
    .trim()
    .split('\n')
    .map(line => String(JSON.parse(line).sentence_good));
  given = await textOf('tinyshakespeare_train');
  heldOut = await textOf('tinyshakespeare_heldout');
});
afterAll(() => rmSync(place.home, { recursive: true, force: true }));

describe('in the workspace', () => {
  it('an honest one gives rise to nothing: copies of the given data, a program, a log, a model', async () => {
    const workspace = freshFolder();
    mkdirSync(join(workspace, 'deep', 'er'), { recursive: true });
    writeFileSync(join(workspace, 'deep', 'er', 'train.txt'), given);
    writeFileSync(join(workspace, 'train.py'), 'import torch\n# the loss falls slowly in the first epochs\n');
    writeFileSync(join(workspace, 'log.txt'), 'step 100 loss 4.2\n'.repeat(1000));
    expect(await check(workspace)).toEqual([]);
    expect(await check(workspace, miniLlmEfficiency)).toEqual([]);
  });

  it('the items themselves break the rule, with file, line and item as evidence and no item in the message', async () => {
    const workspace = freshFolder();
    mkdirSync(join(workspace, 'data'));
    const lines = ['first line', '', ...sentences.slice(0, 40)];
    writeFileSync(join(workspace, 'data', 'extra.txt'), lines.join('\n'));
    const [finding, ...more] = await check(workspace);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ rule: 'no_evaluation_text', severity: 'broken' });
    expect(finding?.message).toContain('"data/extra.txt"');
    for (const sentence of sentences) expect(finding?.message).not.toContain(sentence.slice(0, 15));
    expect(finding?.evidence?.[0]).toMatch(/^"data\/extra\.txt", line 3: blimp\/adjunct_island\.jsonl: "/);
  });

  it.each([
    ['in small letters without punctuation', (text: string) => text.toLowerCase().replaceAll(/[^a-z ]/g, '')],
    ['as JSON lines', (text: string) => JSON.stringify({ text, label: 1 })],
    ['as a table', (text: string) => `7;"${text}";0.5`],
  ])('the items are found %s', async (_how, written) => {
    const workspace = freshFolder();
    writeFileSync(join(workspace, 'data'), sentences.slice(0, 60).map(written).join('\n'));
    expect(await check(workspace)).toMatchObject([{ severity: 'broken' }]);
  });

  it('a few short sentences are chance', async () => {
    const workspace = freshFolder();
    writeFileSync(join(workspace, 'notes.txt'), sentences.slice(0, 3).join('\n'));
    expect(await check(workspace)).toEqual([]);
  });

  it('a long passage of a held-out text breaks the rule, wherever in a large file it stands', async () => {
    const workspace = freshFolder();
    const passage = heldOut.slice(20_000, 24_000);
    writeFileSync(join(workspace, 'mixed.txt'), `${'so it goes on \n'.repeat(100_000)}${passage}`);
    const [finding] = await check(workspace, miniLlmEfficiency);
    expect(finding).toMatchObject({ severity: 'broken' });
    expect(finding?.evidence?.[0]).toContain('tinyshakespeare_heldout/');
    const line = Number(/line (\d+)/.exec(finding?.evidence?.[0] ?? '')?.[1]);
    expect(line).toBeGreaterThan(100_000);
    expect(line).toBeLessThan(100_000 + passage.split('\n').length + 1);
  });

  it('links lead nowhere', async () => {
    const outside = freshFolder();
    writeFileSync(join(outside, 'items.txt'), sentences.join('\n'));
    const workspace = freshFolder();
    symlinkSync(outside, join(workspace, 'folder'));
    symlinkSync(join(outside, 'items.txt'), join(workspace, 'file'));
    linkSync(join(outside, 'items.txt'), join(workspace, 'hard'));
    expect(await check(workspace)).toEqual([]);
  });

  it('more than can be searched is said to be searched in part', async () => {
    const workspace = freshFolder();
    writeFileSync(join(workspace, 'small.txt'), 'nothing');
    writeFileSync(join(workspace, 'large.txt'), sentences.join('\n'));
    const findings = await check(workspace, miniBabyLm, { bytes: 1000, seconds: 60 });
    expect(findings).toMatchObject([
      { severity: 'suspicion', message: expect.stringContaining('Only a part of the workspace') },
    ]);
  });
});

it('a tokenizer whose tokens are items breaks the rule', async () => {
  const folder = modelFolder();
  const tokenizer = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
  const added = sentences.slice(0, 5).map((content, at) => ({ id: 900 + at, content, special: false }));
  editJson(folder, 'tokenizer.json', { added_tokens: [...(tokenizer.added_tokens ?? []), ...added] });
  const [finding] = await check(undefined, miniBabyLm, undefined, folder);
  expect(finding).toMatchObject({ severity: 'broken', message: expect.stringContaining('The tokenizer') });
});

it('without a workspace the tokenizer alone is searched, and an honest one has nothing', async () => {
  expect(await check(undefined)).toEqual([]);
});

async function textOf(id: string, name?: string): Promise<string> {
  const located = await locateDataset(id, place, signal);
  if (!located.isFound) throw new Error(located.reason);
  return readFileSync(join(located.folder, name ?? located.record.files[0]?.path ?? ''), 'utf8');
}

async function check(
  workspace: string | undefined,
  task: Task = miniBabyLm,
  limits?: Parameters<typeof checkEvaluationText>[1],
  folder = EXAMPLE,
): Promise<Finding[]> {
  const { files } = await listModelFolder(folder);
  const python = async () => '';
  return checkEvaluationText({ task, modelFolder: folder, files, workspace, place, python, signal }, limits);
}
