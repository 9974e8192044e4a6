import { z } from 'zod';
import { InputError } from '../errors.js';
import { size } from '../lib/text.js';
import { defineTool } from './tool.js';

export const readCode = defineTool({
  name: 'read_code',
  title: 'Read a file',
  group: 'work',
  description:
    'Read a text file of the workspace or the data folder, with line numbers. Long files are cut; ask for the next lines with start_line.',
  input: z.strictObject({
    path: z.string().describe('Absolute or relative to the workspace.'),
    start_line: z.number().int().optional().describe('First line, counted from 1.'),
    end_line: z.number().int().optional().describe('Last line, included.'),
  }),
  output: z.object({
    path: z.string(),
    content: z.string().describe('lines with their numbers and a tab in front'),
    start_line: z.number(),
    end_line: z.number(),
    total_lines: z.number().optional().describe('absent for very large files'),
    size_bytes: z.number(),
    next: z.string().optional(),
  }),
  effect: 'reads',
  needs: 'sandbox',
  async handle({ path, start_line = 1, end_line }, { sandbox, limits, signal }) {
    const start = Math.max(1, start_line);
    if (end_line !== undefined && end_line < start) {
      throw new InputError(
        `end_line ${end_line} lies before start_line ${start}. Give an end_line of at least ${start}.`,
      );
    }
    const file = await sandbox.readFile(
      {
        path,
        start_line: start,
        ...(end_line === undefined ? {} : { end_line }),
        max_bytes: limits.outputChars,
      },
      { signal },
    );
    const content = numbered(file.text, file.start_line, file.end_line);
    const next = file.truncated
      ? `Cut here: call read_code with path "${file.path}" and start_line ${file.end_line + 1}.`
      : '';
    const lines = file.total_lines === null ? size(file.size_bytes) : `${file.total_lines} lines`;
    const range =
      file.end_line < file.start_line
        ? 'no lines in that range'
        : `lines ${file.start_line} to ${file.end_line}`;
    return {
      text: [`${file.path}, ${lines}, ${range}:`, content.toWellFormed(), next].filter(Boolean).join('\n'),
      data: {
        path: file.path,
        content,
        start_line: file.start_line,
        end_line: file.end_line,
        ...(file.total_lines === null ? {} : { total_lines: file.total_lines }),
        size_bytes: file.size_bytes,
        ...(next === '' ? {} : { next }),
      },
    };
  },
});

function numbered(text: string, from: number, to: number): string {
  if (to < from) return '';
  const lines = text.split('\n').slice(0, to - from + 1);
  return lines.map((line, index) => `${from + index}\t${line}`).join('\n');
}
