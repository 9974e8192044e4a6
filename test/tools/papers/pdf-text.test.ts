import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { extractPdfText } from '../../../src/tools/papers/pdf-text.js';
import { makeBomb, makeLockedPdf, makePdf } from '../../helpers/pdf.js';

const signal = new AbortController().signal;

describe('the text of a PDF', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-pdf-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function extract(pdf: Buffer | string, by: AbortSignal = signal) {
    const path = join(folder, 'a.pdf');
    await writeFile(path, pdf);
    return extractPdfText(path, by);
  }

  test('page by page, line by line', async () => {
    const text = await extract(makePdf([['One (1)', 'back\\slash'], ['Two']], 'A title'));
    expect(text).toEqual({ title: 'A title', page_count: 2, pages: ['One (1)\nback\\slash', 'Two'] });
  });

  test('300 pages come as text, in a process that would be ended at 480 MB', async () => {
    const line = 'The quick brown fox jumps over the lazy dog, and so it goes on until the line is full.';
    const pages = Array.from({ length: 300 }, (_, page) =>
      Array.from({ length: 60 }, (_, at) => `${page}.${at} ${line}`),
    );
    const text = await extract(makePdf(pages));
    expect(text.pages).toHaveLength(300);
    expect(text.pages[299]).toContain(`299.59 ${line}`);
  });

  test.each([
    ['locked', makeLockedPdf(), 'encrypted'],
    ['no PDF', 'hello', 'malformed'],
    ['empty', '', 'malformed'],
    ['cut', makePdf([['a']]).subarray(0, 100), 'malformed'],
  ])('a file that is %s has none', async (_what, pdf, fault) => {
    await expect(extract(pdf)).rejects.toMatchObject({ name: 'PdfFailure', fault });
  });

  test('a small file that unpacks to gigabytes is stopped, and nothing else is harmed', async () => {
    await expect(extract(await makeBomb(2e9))).rejects.toMatchObject({ fault: 'too_heavy' });
    expect((await extract(makePdf([['still here']]))).pages).toEqual(['still here']);
  });

  test('whoever no longer wants it ends it', async () => {
    const gone = new AbortController();
    const asked = extract(await makeBomb(2e9), gone.signal);
    gone.abort(new Error('gone'));
    await expect(asked).rejects.toThrow();
  });
});
