import { z } from 'zod';
import { duration } from '../lib/text.js';
import { tasksOfSuite } from '../tasks/tasks.js';
import { defineTool } from './tool.js';

export const listTasks = defineTool({
  name: 'list_tasks',
  title: 'List tasks',
  group: 'run',
  description:
    'The tasks of the benchmark: id, title, budget and the metric that ranks. Start here, then read_task.',
  input: z.strictObject({
    suite: z.string().optional().describe('Only this suite, for example "mini" (CPU, minutes).'),
  }),
  output: z.object({
    tasks: z.array(
      z.object({
        task_id: z.string(),
        suite: z.string(),
        title: z.string(),
        summary: z.string(),
        wall_clock_min: z.number(),
        gpus: z.number(),
        metric: z.string(),
        direction: z.string(),
      }),
    ),
    next: z.string(),
  }),
  effect: 'reads',
  essential: true,
  needs: 'nothing',
  async handle({ suite }, { offered }) {
    const listed = tasksOfSuite(offered, suite).map(({ task }) => ({
      task_id: task.id,
      suite: task.suite,
      title: task.title,
      summary: task.summary,
      wall_clock_min: task.budget.wall_clock_min,
      gpus: task.budget.gpus,
      metric: task.evaluators[0].metric,
      direction: task.evaluators[0].direction,
    }));
    const lines = listed.map(
      task =>
        `${task.task_id} (${task.suite}): ${task.title}. ${task.summary} ${duration(task.wall_clock_min * 60)}, ${task.gpus === 0 ? 'no GPU' : `GPUs: ${task.gpus}`}, scored by ${task.metric}.`,
    );
    const next = 'Call read_task with a task_id for the whole task, then start_run to begin.';
    return { text: [...lines, next].join('\n'), data: { tasks: listed, next } };
  },
});
