import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { importFolder } from '../../src/data/import-folder.js';
import type { DataPlace } from '../../src/data/locations.js';
import { prepareTaskData } from '../../src/data/prepare-task-data.js';
import { isKnownError } from '../../src/errors.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import { miniEdgeLlmCompressionFolder } from '../../src/tasks/mini-edge-llm-compression/task.js';
import { MINI_BASE, MINI_BASE_PARAMETERS } from '../../src/tasks/small-models.js';
import type { Task, TaskData } from '../../src/tasks/task.js';
import { tasks } from '../../src/tasks/tasks.js';
import { freshFolder, NEVER, needsTestData, PACKAGE_DATA, TEST_DATA, testDataLack } from '../helpers/data.js';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

/** What the text says about the whole of what a contestant has to begin with, apart from data and its own files. */
const PROGRAMS = 'import torch, transformers, tokenizers, datasets, accelerate, peft, safetensors, lm_eval';

let home: Awaited<ReturnType<typeof makeHome>>;
let place: DataPlace;

beforeEach(async () => {
  home = await makeHome();
  place = { home: home.path, packageData: PACKAGE_DATA };
});

afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

/** What this machine has of a task's data, put where the task looks for it; the rest in the sentence that a person would see. */
async function prepared(task: Task): Promise<string | null | { readonly lack: string }> {
  for (const { dataset } of task.data) await bring(dataset);
  return prepareTaskData(task, place, NEVER).catch((error: unknown) => {
    if (!isKnownError(error)) throw error;
    return { lack: error.message };
  });
}

/** From the benchmark data on this machine. Small models that were trained already are in every home of the tests. */
async function bring(id: string): Promise<void> {
  if (testDataLack !== undefined || !IMPORTED.has(id)) return;
  const folder = freshFolder();
  const part = IMPORTED.get(id) ?? '';
  cpSync(join(TEST_DATA, part), join(folder, part), { recursive: true });
  await importFolder(folder, place, {
    signal: NEVER,
    mayDiffer: false,
    again: false,
    onProgress: () => undefined,
  });
}

/** Folders of the benchmark data, by the data set that is made from them. */
const IMPORTED = new Map([
  ['minif2f_train', 'math_reasoning'],
  ['mmlu_dev', 'mmlu'],
  ['super_glue_dev', 'super_glue'],
  ['llm_merging', 'llm_merging'],
]);

/** Every path below one of the places that a text names. */
function pathsIn(text: string, ...places: readonly string[]): string[] {
  const found = places.flatMap(start =>
    text
      .split(start)
      .slice(1)
      .map(rest => start + (/^[\w./-]*/.exec(rest)?.[0] ?? '')),
  );
  return [...new Set(found.map(path => path.replace(/[./]+$/, '')))];
}

/** Names of files in the words about a data set, as patterns: `train-*.jsonl`, `<subject>/dev.jsonl`. */
function namesIn({ description }: TaskData): RegExp[] {
  const names = [...description.matchAll(/`([\w<>*/.-]+\.(?:jsonl|csv|txt))`/g)].map(([, name = '']) => name);
  return names.map(name => new RegExp(`^${name.replaceAll('.', '\\.').replaceAll(/<\w+>|\*/g, '[^/]+')}$`));
}

const QUICK = tasks.filter(({ task }) => task.budget.gpus === 0);

describe.each(QUICK.map(({ task }) => [task.id, task] as const))('in a run of %s', (_, task) => {
  test('every path that the text names is there, and so is all that a workspace is said to hold', async context => {
    const data = await prepared(task);
    if (typeof data === 'object' && data !== null) return context.skip(data.lack);
    const backend = new LocalBackend({ python: async () => inject('python') });
    await using me = await inProcess(home.path, {}, { backend, trainingData: async () => data });
    const { data: run } = await me.call('start_run', { task_id: task.id });
    const workspace = String(run.workspace);
    const prompt = String(run.prompt);
    const paths = pathsIn(prompt, workspace, String(run.data)).filter(path => path !== run.submission_path);
    expect(paths).toContain(`${workspace}/example_submission`);
    for (const { path } of task.data) expect(paths).toContain(`${run.data}/${path}`);
    const script = paths.map(path => `[ -e '${path}' ] || echo '${path}'`).join('\n');
    const { data: listed } = await me.call('run_bash', { script });
    expect(listed).toMatchObject({ exit_code: 0, output: '' });
    expect(readFileSync(join(workspace, 'README.md'), 'utf8')).toBe(prompt);
    for (const entry of task.data) {
      const below = readdirSync(join(String(run.data), entry.path.replace(/[^/]+\.\w+$/, '')), {
        recursive: true,
        encoding: 'utf8',
      });
      for (const name of namesIn(entry)) expect(below).toContainEqual(expect.stringMatching(name));
    }
  });
});

test('the small base model is what its description says, and the limit of its compression is two fifths of it', async context => {
  const { task } = miniEdgeLlmCompressionFolder;
  const data = await prepared(task);
  if (typeof data !== 'string') return context.skip(JSON.stringify(data));
  const folder = freshFolder();
  cpSync(join(data, 'mini_base'), folder, { recursive: true }); // what is handed in has no other names on the disk
  const { parameters } = await inspectModelFolder(folder, { ...task.submission, max_bytes: 1e9 });
  expect(parameters).toBe(MINI_BASE_PARAMETERS);
  expect(task.submission.max_bytes / (4 * MINI_BASE_PARAMETERS)).toBeCloseTo(0.4, 1);
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
  const { n_layer, n_embd, n_positions, vocab_size } = config;
  expect(MINI_BASE.description).toContain(`(${n_layer} layers, ${n_embd} wide, ${n_positions} positions)`);
  expect(MINI_BASE.description).toContain(`${vocab_size.toLocaleString('en-US')} tokens`);
});

test('what Python is said to have is there', async () => {
  const backend = new LocalBackend({ python: async () => inject('python') });
  await using me = await inProcess(home.path, {}, { backend });
  await me.call('start_run', { task_id: 'smoke' });
  const prompt = String((await me.call('read_task', { task_id: 'smoke' })).data.prompt);
  for (const name of PROGRAMS.replace('import ', '').replace('lm_eval', 'lm-evaluation-harness').split(', '))
    expect(prompt).toContain(name);
  const started = await me.call('run_python', { code: PROGRAMS });
  const { job_id } = started.data;
  let { state } = started.data;
  let last = started;
  while (state === 'running') {
    last = await me.call('job_wait', { job_id, wait_s: 50 });
    state = last.data.state;
  }
  expect(last.data).toMatchObject({ state: 'exited', exit_code: 0 });
});

describe(needsTestData('what can be had here of the data of full tasks'), () => {
  const entries = new Map(
    tasks.flatMap(({ task }) => task.data.map(data => [data.dataset, { task, data }] as const)),
  );
  test.skipIf(testDataLack !== undefined).each(['mmlu_dev', 'super_glue_dev', 'llm_merging'])(
    '%s holds the files and the rows that its task says',
    async dataset => {
      const entry = entries.get(dataset);
      if (entry === undefined) throw new Error('no task has it');
      const folder = await prepared({ ...entry.task, data: [entry.data] });
      if (typeof folder !== 'string') throw new Error(JSON.stringify(folder));
      const root = join(folder, entry.data.path);
      const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
      const names = namesIn(entry.data);
      expect(names).not.toEqual([]);
      for (const name of names) expect(files).toContainEqual(expect.stringMatching(name));
      const { rows } = entry.data;
      const counted = files.filter(file => file.endsWith('.jsonl')).map(file => lines(join(root, file)));
      if (rows !== undefined && counted.length > 0) expect(counted.reduce((a, b) => a + b, 0)).toBe(rows);
    },
  );
});

function lines(path: string): number {
  return readFileSync(path, 'utf8').trimEnd().split('\n').length;
}
