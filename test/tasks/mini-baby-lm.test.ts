import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseEvaluator } from '../../src/eval/evaluator-name.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { miniBabyLm, miniBabyLmFolder } from '../../src/tasks/mini-baby-lm/task.js';
import { renderPrompt, UNKNOWN_PATHS } from '../../src/tasks/prompt.js';
import { Task } from '../../src/tasks/task.js';

test('the manifest is a task, and its evaluators exist', () => {
  expect(Task.parse(miniBabyLm)).toEqual(miniBabyLm);
  const ids = [...miniBabyLm.evaluators, ...miniBabyLm.options].map(({ id }) => id);
  expect(ids.map(id => parseEvaluator(id).rows)).toEqual([100, 1000]);
});

test('the prompt tells everything that the manifest holds, with no blank left', async () => {
  const prompt = await renderPrompt(miniBabyLmFolder, UNKNOWN_PATHS);
  for (const rule of miniBabyLm.rules) expect(prompt).toContain(rule.text);
  for (const data of miniBabyLm.data) expect(prompt).toContain(`<data>/${data.path}`);
  expect(prompt).toContain('<workspace>/submission');
  expect(prompt).toContain('blimp@100');
  expect(prompt).not.toMatch(/\{\{|undefined|NaN/);
});

test('the example submission is small and passes the checks of a submission', async () => {
  const folder = join(miniBabyLmFolder.folder, 'files', 'example_submission');
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(150_000);
  expect((await inspectModelFolder(folder, miniBabyLm.submission)).findings).toEqual([]);
});

test('what the contestant is given holds no sentence of the evaluation', () => {
  const prompt = readFileSync(join(miniBabyLmFolder.folder, 'prompt.md'), 'utf8');
  expect(prompt).not.toContain('sentence_good');
  expect(readdirSync(join(miniBabyLmFolder.folder, 'files'))).toEqual(['example_submission']);
});
