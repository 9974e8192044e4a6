import { appendFile, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, InputError, LimitError } from '../errors.js';
import { charCount, firstChars, grouped, lastChars, size } from '../lib/text.js';
import { defineTool } from './tool.js';

const MAX_BYTES = 1_000_000;

export const scratchpad = defineTool({
  name: 'scratchpad',
  title: 'Scratchpad',
  group: 'mind',
  description:
    "The run's one notes file. It survives the loss of your context: write what you would need to go on, read it when you come back.",
  input: z.strictObject({
    action: z
      .enum(['read', 'write'])
      .describe('"write" adds a note at the end, "read" answers with the notes.'),
    note: z.string().optional().describe('The note, for "write".'),
    page: z
      .int()
      .min(1)
      .optional()
      .describe(
        'For "read" of more than one answer holds: 1 (or nothing) is the newest part, 2 the one before.',
      ),
  }),
  output: z.object({
    notes: z.string().optional(),
    size_bytes: z.number(),
    pages: z.number().optional(),
  }),
  effect: 'writes',
  needs: 'run',
  async handle({ action, note, page = 1 }, { runs, run, limits }) {
    const path = runs.folder(run.run_id).scratchpad;
    if (action === 'write') return write(path, note ?? '');
    const notes = await read(path);
    const { shown, pages } = pageOf(notes, page, limits.outputChars);
    return {
      text: notes === '' ? 'No notes yet.' : shown,
      data: { notes: shown, size_bytes: Buffer.byteLength(notes), pages },
    };
  },
});

/** Counted from the end: what was noted last is asked for most. */
function pageOf(notes: string, page: number, maxChars: number) {
  const all = charCount(notes);
  const pages = Math.max(1, Math.ceil(all / maxChars));
  if (page > pages)
    throw new InputError(
      `There is no page ${page}: the notes have ${pages}, of which page 1 is the newest. Ask for one of them.`,
    );
  const end = all - (page - 1) * maxChars;
  const shown = firstChars(lastChars(notes, Math.min(all, all - end + maxChars)), Math.min(end, maxChars));
  if (pages === 1) return { shown, pages };
  const older = page < pages ? `; page ${page + 1} has what was noted before` : '';
  return {
    shown: `(page ${page} of ${pages}, characters ${grouped(end - charCount(shown) + 1)} to ${grouped(end)} of ${grouped(all)}${older})\n${shown}`,
    pages,
  };
}

async function write(path: string, note: string) {
  if (note.trim() === '') throw new InputError('The note is empty. Give the text to keep in note.');
  const before = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const text = `${note.toWellFormed().trimEnd()}\n\n`;
  const after = before + Buffer.byteLength(text);
  if (after > MAX_BYTES)
    throw new LimitError(
      `The scratchpad holds at most ${size(MAX_BYTES)} and has ${size(before)}. Keep long texts in files with write_code.`,
    );
  await appendFile(path, text);
  return { text: `Noted; the scratchpad holds ${size(after)}.`, data: { size_bytes: after } };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '';
    throw error;
  }
}
