import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { quotedName } from '../lib/text.js';
import { renderPrompt, UNKNOWN_PATHS } from '../tasks/prompt.js';
import type { TaskFolder } from '../tasks/task.js';
import { findTask } from '../tasks/tasks.js';
import type { Host } from '../tools/tool.js';
import { instructions } from './instructions.js';

/** The prompt that sets a model to work on a task. */
export const startPrompt = {
  name: 'start',
  title: 'Take on a task',
  description: 'Take on a task of the benchmark and carry it through to a score.',
  arguments: [
    { name: 'task_id', description: 'As list_tasks answers it, for example "mini_baby_lm".', required: true },
  ],
} as const;

export function offerPrompts(server: Server, { offered, backend }: Pick<Host, 'offered' | 'backend'>): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: [{ ...startPrompt, arguments: startPrompt.arguments.map(argument => ({ ...argument })) }],
  }));
  server.setRequestHandler('prompts/get', async ({ params }) => {
    if (params.name !== startPrompt.name) {
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `No prompt ${quotedName(params.name, 60)}. Known: ${startPrompt.name}. Ask for that.`,
      );
    }
    const folder = wantedTask(params.arguments?.task_id, offered);
    const task = await renderPrompt(folder, UNKNOWN_PATHS, backend.networkFor(folder.task.network));
    const text = `${instructions}\n\nTake on this task now: call start_run with task_id "${folder.task.id}", and carry it through to get_result.\n\n${task}`;
    return { description: folder.task.title, messages: [{ role: 'user', content: { type: 'text', text } }] };
  });
}

function wantedTask(taskId: string | undefined, tasks: readonly TaskFolder[]): TaskFolder {
  try {
    return findTask(tasks, taskId ?? '');
  } catch (error) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      error instanceof Error ? error.message : 'Unknown task.',
    );
  }
}
