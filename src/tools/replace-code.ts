import { z } from 'zod';
import { EditAnswer, edit, PathArgument } from './support/edit.js';
import { defineTool } from './tool.js';

export const replaceCode = defineTool({
  name: 'replace_code',
  title: 'Replace in a file',
  group: 'work',
  description:
    'Replace a text in a file of the workspace. It must occur exactly once, unless all is true; otherwise nothing is changed and the answer says how often and where it occurs.',
  input: z.strictObject({
    path: PathArgument,
    old_code: z.string().describe('Exact text as it stands in the file, line breaks included.'),
    new_code: z.string().describe('Text to put in its place.'),
    all: z.boolean().optional().describe('true: replace every occurrence.'),
  }),
  output: EditAnswer,
  effect: 'destroys',
  needs: 'sandbox',
  handle: ({ path, old_code, new_code, all = false }, context) =>
    edit({ path, target: old_code, replacement: new_code, where: 'instead', all }, context),
});
