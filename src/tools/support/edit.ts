import { z } from 'zod';
import { InputError } from '../../errors.js';
import { count } from '../../lib/text.js';
import type { EditFile } from '../../sandbox/sandbox.js';
import type { SandboxToolContext, ToolResult } from '../tool.js';

export const EditAnswer = z.object({
  path: z.string(),
  occurrences: z.number().describe('places that were changed'),
  at_lines: z.array(z.number()).describe('lines where they begin, at most 20'),
  size_bytes: z.number(),
  lines: z.number(),
});

export const PathArgument = z.string().describe('File to change, absolute or relative to the workspace.');

/** Changes a file at the places where the target stands, and says where. */
export async function edit(change: EditFile, { sandbox, signal }: SandboxToolContext): Promise<ToolResult> {
  if (change.target === '')
    throw new InputError('The text to look for is empty. Give the exact text as it stands in the file.');
  const file = await sandbox.editFile(change, { signal });
  const where = `line${file.at_lines.length === 1 ? '' : 's'} ${file.at_lines.join(', ')}`;
  return {
    text: `Changed ${file.path} at ${count(file.occurrences, 'place')} (${where}); it now has ${count(file.lines, 'line')}.`,
    data: {
      path: file.path,
      occurrences: file.occurrences,
      at_lines: [...file.at_lines],
      size_bytes: file.size_bytes,
      lines: file.lines,
    },
  };
}
