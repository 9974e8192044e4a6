import { z } from 'zod';
import { EditAnswer, edit, PathArgument } from './support/edit.js';
import { defineTool } from './tool.js';

export const insertCode = defineTool({
  name: 'insert_code',
  title: 'Insert into a file',
  group: 'work',
  description:
    'Insert text into a file of the workspace, directly after (or before) a target text. The target must occur exactly once; otherwise nothing is changed and the answer says how often and where it occurs.',
  input: z.strictObject({
    path: PathArgument,
    target: z.string().describe('Exact text that stands in the file once, line breaks included.'),
    new_code: z.string().describe('Text to insert. Include the line breaks that you want.'),
    where: z
      .enum(['after', 'before'])
      .optional()
      .describe('Side of the target, "after" (the default) or "before".'),
  }),
  output: EditAnswer,
  effect: 'writes',
  needs: 'sandbox',
  handle: ({ path, target, new_code, where = 'after' }, context) =>
    edit({ path, target, replacement: new_code, where, all: false }, context),
});
