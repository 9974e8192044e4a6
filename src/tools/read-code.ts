import { z } from 'zod';
import { InputError } from '../errors.js';
import { charCount, count, grouped, size } from '../lib/text.js';
import type { FileText, ReadFile } from '../sandbox/sandbox.js';
import { defineTool } from './tool.js';

/** Of UTF-8. */
const MAX_BYTES_PER_CHAR = 4;

export const readCode = defineTool({
  name: 'read_code',
  title: 'Read a file',
  group: 'work',
  description:
    'Read a text file of the workspace or the data folder, with line numbers. Long files are cut; the answer says how to read on.',
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
    const read = (lines: Partial<ReadFile>) =>
      sandbox.readFile({ path, start_line: start, max_bytes: limits.outputChars, ...lines }, { signal });
    const file = await read(end_line === undefined ? {} : { end_line });
    const isOneLine = file.truncated && file.end_line === file.start_line;
    const isCutLine = isOneLine && (await read({ end_line: start })).truncated;
    const content = numbered(file.text, file.start_line, file.end_line);
    const next = isCutLine ? restOfLine(file) : file.truncated ? nextLines(file) : '';
    const lines = file.total_lines === null ? size(file.size_bytes) : count(file.total_lines, 'line');
    return {
      text: [`${file.path}, ${lines}, ${rangeOf(file)}:`, content.toWellFormed(), next]
        .filter(Boolean)
        .join('\n'),
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

function rangeOf({ start_line, end_line }: FileText): string {
  if (end_line < start_line) return 'no lines in that range';
  return start_line === end_line ? `line ${start_line}` : `lines ${start_line} to ${end_line}`;
}

function nextLines({ path, end_line }: FileText): string {
  return `Cut here: call read_code with path "${path}" and start_line ${end_line + 1}.`;
}

/** What no answer can hold is read on by a program, in characters, so that none is split. */
function restOfLine({ path, text, start_line, total_lines }: FileText): string {
  const shown = charCount(text);
  const bytes = Buffer.byteLength(text);
  const step = shown === bytes ? shown : Math.floor(bytes / MAX_BYTES_PER_CHAR);
  const lines = `open(${JSON.stringify(path)}, encoding="utf-8", errors="replace", newline="\\n")`;
  const code = `from itertools import islice; print(next(islice(${lines}, ${start_line - 1}, ${start_line}))[${shown}:${shown + step}], end="")`;
  const below =
    total_lines === start_line
      ? ''
      : ` For the lines below it call read_code with path "${path}" and start_line ${start_line + 1}.`;
  return `Line ${start_line} is too long for one answer and is cut after ${grouped(shown)} characters. For its next part call run_python with this code:\n${code}\nThe last two numbers say which characters are shown.${below}`;
}
