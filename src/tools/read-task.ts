import { z } from 'zod';
import { renderPrompt, UNKNOWN_PATHS } from '../tasks/prompt.js';
import { findTask } from '../tasks/tasks.js';
import { defineTool } from './tool.js';

export const readTask = defineTool({
  name: 'read_task',
  title: 'Read a task',
  group: 'run',
  description:
    'What a task asks: goal, data, budget, rules, submission format and scoring. Starts nothing. The same text as the resource mlrb://tasks/{task_id}.',
  input: z.strictObject({
    task_id: z.string().describe('As list_tasks answers it, for example "mini_baby_lm".'),
  }),
  output: z.object({ task_id: z.string(), prompt: z.string(), next: z.string() }),
  effect: 'reads',
  essential: true,
  needs: 'nothing',
  async handle({ task_id }, { offered, backend }) {
    const folder = findTask(offered, task_id);
    const prompt = await renderPrompt(folder, UNKNOWN_PATHS, backend.networkFor(folder.task.network));
    const next = `Call start_run with task_id "${folder.task.id}" to begin: its clock starts then, and its answer tells the paths.`;
    return { text: `${prompt}\n\n${next}`, data: { task_id: folder.task.id, prompt, next } };
  },
});
