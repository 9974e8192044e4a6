import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server';
import { firstChars } from '../lib/text.js';
import { renderPrompt, UNKNOWN_PATHS } from '../tasks/prompt.js';
import type { Host } from '../tools/tool.js';
import { startPrompt } from './prompts.js';

const PREFIX = 'mlrb://tasks/';

/** Tasks as resources, as a template, and completions for their ids. Each also exists as the tools list_tasks and read_task. */
export function offerResources(
  server: Server,
  { offered, backend }: Pick<Host, 'offered' | 'backend'>,
): void {
  server.setRequestHandler('resources/list', () => ({
    resources: offered.map(({ task }) => ({
      uri: `${PREFIX}${task.id}`,
      name: task.id,
      title: task.title,
      description: task.summary,
      mimeType: 'text/markdown',
    })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        uriTemplate: `${PREFIX}{task_id}`,
        name: 'task',
        title: 'A task',
        description: 'What a task asks, as read_task answers it.',
        mimeType: 'text/markdown',
      },
    ],
  }));
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => {
    const found = offered.find(({ task }) => uri === `${PREFIX}${task.id}`);
    if (found === undefined) {
      const known = offered.map(({ task }) => `${PREFIX}${task.id}`).join(', ');
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `No resource ${firstChars(uri, 200)}. Known: ${known}. Ask for one of them.`,
        { uri },
      );
    }
    const text = await renderPrompt(found, UNKNOWN_PATHS, backend.networkFor(found.task.network));
    return { contents: [{ uri, mimeType: 'text/markdown', text }] };
  });
  server.setRequestHandler('completion/complete', ({ params: { ref, argument } }) => {
    const isTaskId =
      argument.name === 'task_id' &&
      (ref.type === 'ref/resource' ? ref.uri === `${PREFIX}{task_id}` : ref.name === startPrompt.name);
    const ids = isTaskId
      ? offered.map(({ task }) => task.id).filter(id => id.startsWith(argument.value))
      : [];
    return { completion: { values: ids.slice(0, 100), total: ids.length, hasMore: ids.length > 100 } };
  });
}
