import { z } from 'zod';
import { count, size } from '../lib/text.js';
import { defineTool } from './tool.js';

export const writeCode = defineTool({
  name: 'write_code',
  title: 'Write a file',
  group: 'work',
  description:
    'Write a file in the workspace, whole: parent folders are made, a file that is there is replaced. Write once and edit with replace_code and insert_code.',
  input: z.strictObject({
    path: z.string().describe('Absolute or relative to the workspace, for example "train.py".'),
    code: z.string().describe('The whole content of the file.'),
  }),
  output: z.object({ path: z.string(), size_bytes: z.number(), lines: z.number(), created: z.boolean() }),
  effect: 'replaces',
  needs: 'sandbox',
  async handle({ path, code }, { sandbox, signal }) {
    const file = await sandbox.writeFile({ path, text: code }, { signal });
    return {
      text: `${file.created ? 'Wrote' : 'Replaced'} ${file.path}: ${count(file.lines, 'line')}, ${size(file.size_bytes)}.`,
      data: { ...file },
    };
  },
});
