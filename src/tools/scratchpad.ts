import { appendFile, readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, InputError, LimitError } from '../errors.js';
import { charCount, grouped, lastChars, size } from '../lib/text.js';
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
      .describe('"write" adds a note at the end, "read" answers with all notes.'),
    note: z.string().optional().describe('The note, for "write".'),
  }),
  output: z.object({ notes: z.string().optional(), size_bytes: z.number() }),
  effect: 'writes',
  needs: 'run',
  async handle({ action, note }, { runs, run, limits }) {
    const path = runs.folder(run.run_id).scratchpad;
    if (action === 'write') return write(path, note ?? '');
    const notes = await read(path);
    const shown = lastChars(notes, limits.outputChars);
    const [kept, all] = [charCount(shown), charCount(notes)];
    const cut = kept < all ? `(the last ${grouped(kept)} of ${grouped(all)} characters)\n` : '';
    return {
      text: notes === '' ? 'No notes yet.' : cut + shown,
      data: { notes: cut + shown, size_bytes: Buffer.byteLength(notes) },
    };
  },
});

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
