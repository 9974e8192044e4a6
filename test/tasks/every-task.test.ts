import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSource } from '../../src/data/datasets.js';
import { checkEvaluator } from '../../src/eval/check-evaluator.js';
import { parseEvaluator } from '../../src/eval/evaluator-name.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { renderPrompt, UNKNOWN_PATHS } from '../../src/tasks/prompt.js';
import { Task } from '../../src/tasks/task.js';
import { tasks } from '../../src/tasks/tasks.js';
import { WORKSPACE_FILES } from '../../src/tasks/workspace-files.js';

const EXAMPLE = join(WORKSPACE_FILES, 'example_submission');
const PLACES = [
  ['before a run', UNKNOWN_PATHS],
  ['in Docker', { workspace: '/workspace', data: '/data' }],
  ['locally', { workspace: '/home/me/.mlrb/runs/run_1/workspace', data: '/home/me/.mlrb/runs/run_1/data' }],
] as const;

describe.each(tasks.map(folder => [folder.task.id, folder] as const))('%s', (_, folder) => {
  const { task } = folder;

  test('has a manifest that is a task, with evaluators that there are', () => {
    expect(Task.parse(task)).toEqual(task);
    for (const evaluator of [...task.evaluators, ...task.options]) checkEvaluator(evaluator);
  });

  test.each(PLACES)('tells all that the manifest holds, with no blank left, %s', async (_, paths) => {
    const prompt = await renderPrompt(folder, paths);
    for (const rule of task.rules) expect(prompt).toContain(rule.text);
    for (const data of task.data) expect(prompt).toContain(`\`${paths.data}/${data.path}\``);
    for (const { metric, description } of task.evaluators) {
      expect(prompt).toContain(`**${metric}**`);
      expect(prompt).toContain(description);
    }
    expect(prompt).toContain(`\`${paths.workspace}/submission\``);
    expect(prompt).not.toMatch(/\{\{|\}\}|\bundefined\b|\bNone\b|\bnull\b|\bNaN\b|\$\{|\bTODO\b/);
    expect(prompt).not.toMatch(/\b1 (CPU cores|GPUs|words|rows|parameters)\b/);
    expect(prompt).not.toMatch(/\n{3}|(?<!`)``(?!`)|\( *\)|[^\n ] {2,}\S/);
  });

  test.each(['none', 'open', 'unrestricted'] as const)(
    'says nothing of a hub that cannot be reached, where the network is %s',
    async reach => {
      const prompt = await renderPrompt(folder, UNKNOWN_PATHS, reach);
      const isHub = task.network === 'open' && reach !== 'none';
      expect(prompt.includes('They come from the Hugging Face hub')).toBe(isHub);
      expect(prompt.includes('There is no network.')).toBe(reach === 'none');
      if (!isHub) expect(prompt).not.toMatch(/fetched from|with pip/);
    },
  );

  test('trains on what may be handed out, and is scored on what may not', () => {
    for (const { dataset: id, licence, source, rows } of task.data) {
      const { dataset } = findSource(id);
      expect(dataset.role).toBe('train');
      expect({ licence, source }).toEqual({ licence: dataset.licence, source: dataset.source });
      const counts = dataset.files.map(file => file.rows);
      if (rows !== undefined && counts.length > 0 && counts.every(count => count !== undefined))
        expect(rows).toBe(counts.reduce((sum, count) => sum + count, 0));
    }
    const scoredOn = [...task.evaluators, ...task.options].flatMap(({ data }) => data ?? []);
    for (const id of scoredOn) expect(findSource(id).dataset.role).toBe('eval');
  });

  test('keeps back what submissions are scored on, and the original benchmark', () => {
    const { repositories, papers, texts, data_sets } = task.off_limits;
    expect(repositories).toContain('AlgorithmicResearchGroup/*');
    expect(papers).toContain('2410.22553');
    for (const { id, data } of [...task.evaluators, ...task.options]) {
      const { suite } = parseEvaluator(id);
      if (suite === 'blimp') expect(texts).toContain('eval/blimp.jsonl');
      else for (const dataSet of data ?? [suite]) expect(data_sets).toContain(dataSet);
    }
  });

  test('has the example of the format, which passes the checks of a submission', async () => {
    expect(folder.files).toContain(WORKSPACE_FILES);
    expect((await inspectModelFolder(EXAMPLE, task.submission)).findings).toEqual([]);
  });
});

test('the example is said to pass where it does, and nowhere else', async () => {
  const refusing = tasks.filter(({ task }) => task.rules.some(({ id }) => id === 'merging_package'));
  expect(refusing.map(({ task }) => task.id)).toEqual(['llm_merging', 'mini_llm_merging']);
  const noted = tasks.filter(({ task }) => task.rules.some(({ id }) => id === 'from_base'));
  for (const folder of tasks) {
    const prompt = await renderPrompt(folder, UNKNOWN_PATHS);
    const says = [
      prompt.includes('handed in, it breaks a rule of this task'),
      prompt.includes('the score says that it was not made from the base'),
      prompt.includes('It passes the checks and scores what'),
    ];
    const [isRefused, isNoted] = [refusing.includes(folder), noted.includes(folder)];
    expect(says).toEqual([isRefused, isNoted, !isRefused && !isNoted]);
  }
});

test('no two tasks have the same name', () => {
  expect(new Set(tasks.map(({ task }) => task.id)).size).toBe(tasks.length);
});

test('the example of the format is small', () => {
  const bytes = readdirSync(EXAMPLE).reduce((sum, name) => sum + statSync(join(EXAMPLE, name)).size, 0);
  expect(bytes).toBeLessThan(150_000);
});
