import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PROGRAMS } from '../../src/agent/contestants/programs.js';
import { findSource } from '../../src/data/datasets.js';
import { locateDataset } from '../../src/data/locate-dataset.js';
import { datasetFolder } from '../../src/data/locations.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { findTask, tasks } from '../../src/tasks/tasks.js';
import { NEVER, needsTestData, PACKAGE_DATA, TEST_DATA, testDataLack } from '../helpers/data.js';

/** Real models in all but the length of their training, which takes them nowhere. */
const MODELS = ['mini_base', 'mini_expert_shakespeare', 'mini_expert_wikitext'] as const;
const STEPS = 2;
const SETUP_MS = 600_000;

let home: string;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  await locateDataset('wikitext2_train', { home, packageData: PACKAGE_DATA }, NEVER);
  const [first, ...others] = MODELS.map(folderOf);
  const request = {
    text: join(folderOf('wikitext2_train'), 'wikitext2_train.txt'),
    from: null,
    out: first,
    steps: STEPS,
    learning_rate: 1e-3,
    seed: 1,
  };
  python([join(PACKAGE_ROOT, 'docker', 'eval', 'build_model.py')], home, JSON.stringify(request));
  for (const folder of others) cpSync(String(first), folder, { recursive: true });
}, SETUP_MS);
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Of the others, base and cheat share most of the code, and are played in full elsewhere. */
describe('the honest solution', () => {
  it.each(['mini_mini_pile', 'mini_llm_merging'])(
    'of %s leaves a model that the intake accepts, out of the data that the task gives',
    leavesAModel,
    SETUP_MS,
  );

  it.skipIf(testDataLack !== undefined)(
    needsTestData('of mini_math_reasoning leaves a model that the intake accepts'),
    () => leavesAModel('mini_math_reasoning'),
    SETUP_MS,
  );
});

async function leavesAModel(taskId: string): Promise<void> {
  const program = PROGRAMS.get(taskId)?.reference;
  if (program === undefined) throw new Error(`${taskId} has no reference`);
  const workspace = mkdtempSync(join(home, 'workspace-'));
  const { task, files } = findTask(tasks, taskId);
  for (const folder of files) cpSync(folder, workspace, { recursive: true });
  for (const file of [program.main, ...program.modules])
    cpSync(file, join(workspace, basename(file.pathname)));
  const data = join(workspace, 'data');
  for (const { path, dataset } of task.data) await give(dataset, join(data, path));
  const out = join(workspace, 'submission');
  const printed = python(
    [basename(program.main.pathname), '--data', data, '--out', out, '--seconds', '1', '--steps', '2'],
    workspace,
  );
  expect(printed).toMatch(/saved a model of|"weights_digest"/);
  expect((await inspectModelFolder(out, task.submission)).findings).toEqual([]);
}

/** What the task names, at the place where it names it. */
async function give(dataset: string, target: string): Promise<void> {
  mkdirSync(dirname(target), { recursive: true });
  if (dataset === 'minif2f_train') {
    mkdirSync(target);
    cpSync(join(TEST_DATA, 'math_reasoning', 'minif2f_valid.jsonl'), join(target, 'train.jsonl'));
    return;
  }
  const located = await locateDataset(dataset, { home, packageData: PACKAGE_DATA }, NEVER);
  const folder = located.isFound ? located.folder : folderOf(dataset);
  const isText = readdirSync(folder).includes(basename(target));
  cpSync(isText ? join(folder, basename(target)) : folder, target, { recursive: true });
}

function folderOf(dataset: string): string {
  return datasetFolder({ home }, findSource(dataset).dataset);
}

function python(args: readonly string[], cwd: string, input = ''): string {
  const { status, stdout, stderr } = spawnSync(inject('python'), args, { cwd, input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args[0]} exited with ${status}: ${stderr}`);
  return stdout;
}
