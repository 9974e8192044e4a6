import { duration } from '../../src/lib/text.js';
import { renderPrompt, UNKNOWN_PATHS } from '../../src/tasks/prompt.js';
import type { TaskFolder } from '../../src/tasks/task.js';
import { page, table } from './markdown.js';

/** Every task: what it allows and how it is scored, then its text as a contestant gets it. */
export async function tasksPage(tasks: readonly TaskFolder[]): Promise<string> {
  const rows = tasks.map(({ task }) => [
    `[\`${task.id}\`](#${task.id})`,
    task.suite,
    task.summary,
    duration(task.budget.wall_clock_min * 60),
    String(task.budget.gpus),
    task.evaluators[0].metric,
  ]);
  return page(
    '# Tasks',
    table(['task', 'suite', 'what is asked', 'time', 'GPUs', 'ranked by'], rows),
    ...(await Promise.all(tasks.map(section))),
  );
}

async function section(folder: TaskFolder): Promise<string> {
  const { task } = folder;
  const evaluators = [
    ...task.evaluators.map(({ id, description }) => [`\`${id}\``, 'always', description]),
    ...task.options.map(({ id, description }) => [
      `\`${id}\``,
      `\`mlrb evaluate RUN --evaluator ${id}\``,
      description,
    ]),
  ];
  return [
    `## ${task.id}`,
    `${task.title}. Version ${task.version}: scores of different versions are not compared.`,
    table(['evaluator', 'used', 'what it measures'], evaluators),
    table(
      ['data', 'what it is', 'licence', 'source'],
      task.data.map(({ path, description, licence, source }) => [
        `\`${path}\``,
        description,
        licence,
        source,
      ]),
    ),
    'As a contestant reads it (the paths are filled in when the run starts):',
    quoted(await renderPrompt(folder, UNKNOWN_PATHS)),
  ].join('\n\n');
}

/** Four ticks, since a prompt may hold blocks of its own. */
function quoted(text: string): string {
  return `\`\`\`\`markdown\n${text.trimEnd()}\n\`\`\`\``;
}
