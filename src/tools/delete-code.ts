import { z } from 'zod';
import { EditAnswer, edit, PathArgument } from './support/edit.js';
import { defineTool } from './tool.js';

export const deleteCode = defineTool({
  name: 'delete_code',
  title: 'Delete from a file',
  group: 'work',
  description:
    'Delete a text from a file of the workspace. It must occur exactly once, unless all is true; otherwise nothing is changed and the answer says how often and where it occurs.',
  input: z.strictObject({
    path: PathArgument,
    target: z.string().describe('Exact text to delete, line breaks included.'),
    all: z.boolean().optional().describe('true: delete every occurrence.'),
  }),
  output: EditAnswer,
  effect: 'destroys',
  needs: 'sandbox',
  handle: ({ path, target, all = false }, context) =>
    edit({ path, target, replacement: '', where: 'instead', all }, context),
});
