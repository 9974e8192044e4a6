import { z } from 'zod';
import { grouped, size } from '../lib/text.js';
import { defineTool } from './tool.js';

const MAX_DEPTH = 5;

export const listFiles = defineTool({
  name: 'list_files',
  title: 'List files',
  group: 'work',
  description: 'List files of the workspace or the data folder with their sizes and times.',
  input: z.strictObject({
    path: z
      .string()
      .optional()
      .describe('Folder, absolute or relative to the workspace; the workspace itself if left out.'),
    depth: z.number().int().optional().describe(`Levels below it, 1 (the default) to ${MAX_DEPTH}.`),
  }),
  output: z.object({
    path: z.string(),
    entries: z.array(
      z.object({ path: z.string(), type: z.string(), size_bytes: z.number(), modified_at: z.string() }),
    ),
    omitted: z.number().describe('entries left out because there were too many'),
  }),
  effect: 'reads',
  needs: 'sandbox',
  async handle({ path = '.', depth = 1 }, { sandbox, signal }) {
    const list = await sandbox.listFiles(
      { path, depth: Math.min(Math.max(depth, 1), MAX_DEPTH) },
      { signal },
    );
    const lines = list.entries.map(
      entry =>
        `${entry.type === 'folder' ? `${entry.path}/` : entry.path}\t${entry.type === 'file' ? size(entry.size_bytes) : entry.type}\t${entry.modified_at}`,
    );
    const left = list.omitted === 0 ? [] : [`${list.omitted} more are not shown: list a folder below.`];
    return {
      text: [`${list.path}, entries: ${grouped(list.entries.length + list.omitted)}`, ...lines, ...left].join(
        '\n',
      ),
      data: { path: list.path, entries: list.entries.map(entry => ({ ...entry })), omitted: list.omitted },
    };
  },
});
