import { z } from 'zod';
import { duration } from '../../lib/text.js';
import { type Column, renderTable } from '../../report/render.js';
import { renderPrompt, UNKNOWN_PATHS } from '../../tasks/prompt.js';
import type { Task } from '../../tasks/task.js';
import { findTask } from '../../tasks/tasks.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { composeHost } from '../compose.js';
import { knownTasks } from '../known-tasks.js';

const COLUMNS: readonly Column<Task>[] = [
  { heading: 'task', cell: task => task.id },
  { heading: 'suite', cell: task => task.suite },
  { heading: 'title', cell: task => task.title },
  { heading: 'time', cell: task => duration(task.budget.wall_clock_min * 60), right: true },
  { heading: 'GPUs', cell: task => String(task.budget.gpus), right: true },
  { heading: 'metric', cell: task => task.evaluators[0].metric },
];

export const tasks = defineCommand({
  name: 'tasks',
  summary: "the tasks, or one task's text as a contestant gets it",
  arguments: [['[task]', 'a task by its id']],
  options: [JSON_OPTION],
  examples: [
    ['mlrb tasks', 'what there is'],
    ['mlrb tasks mini_baby_lm', 'the whole text of one task'],
    ['mlrb tasks --tasks ./my-tasks', 'your own besides; docs/custom-tasks.md tells how to write them'],
  ],
  input: z.object({ task: z.string().optional(), json: JsonFlag }),
  async run({ task, json }, { config, signal, log, print }) {
    const known = knownTasks(config);
    if (task !== undefined) {
      const folder = findTask(known, task);
      const reach = composeHost(config, { signal, log }).backend.networkFor(folder.task.network);
      print(json ? JSON.stringify(folder.task, null, 2) : await renderPrompt(folder, UNKNOWN_PATHS, reach));
      return 0;
    }
    const all = known.map(folder => folder.task);
    print(json ? JSON.stringify(all, null, 2) : renderTable(COLUMNS, all));
    return 0;
  },
});
