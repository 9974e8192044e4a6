/**
 * A program of its own: reads the PDF named by its first argument and writes its text to file descriptor 3, a JSON
 * object a line. It may run out of memory, hang or crash over a malformed file; the process that started it lives on.
 */
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { getResolvedPDFJS } from 'unpdf';
import type { PdfLine } from './pdf-line.js';

const OUT = 3;
const [, , path = '', maxChars] = process.argv;
type Pdfjs = Awaited<ReturnType<typeof getResolvedPDFJS>>;
type PdfDocument = Awaited<ReturnType<Pdfjs['getDocument']>['promise']>;

try {
  await extract(await getResolvedPDFJS(), Number(maxChars));
} catch (error) {
  const encrypted = error instanceof Error && error.name === 'PasswordException';
  say({ type: 'failure', reason: encrypted ? 'encrypted' : 'malformed', detail: String(error) });
}

function say(line: PdfLine): void {
  writeFileSync(OUT, `${JSON.stringify(line)}\n`);
}

async function extract({ getDocument }: Pdfjs, room: number): Promise<void> {
  const document = await getDocument({
    data: withoutHead(await readFile(path)),
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    enableXfa: false,
    verbosity: 0,
  }).promise;
  say({ type: 'document', pages: document.numPages, title: await titleOf(document) });
  let left = room;
  for (let number = 1; number <= document.numPages && left > 0; number += 1) {
    const text = (await pageText(document, number)).slice(0, left);
    left -= text.length;
    say({ type: 'page', text });
  }
  say({ type: 'end' });
}

async function titleOf(document: PdfDocument): Promise<string> {
  const metadata = await document.getMetadata().catch(() => undefined);
  const information = new Map(Object.entries(metadata?.info ?? {}));
  return String(information.get('Title') ?? '');
}

/** A page that cannot be read leaves the others readable. */
async function pageText(document: PdfDocument, number: number): Promise<string> {
  try {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return items.map(item => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
  } catch {
    return '';
  }
}

/** Kept answers begin with a line of ours. */
function withoutHead(file: Buffer): Uint8Array {
  const from = file[0] === '{'.charCodeAt(0) ? file.indexOf('\n') + 1 : 0;
  return new Uint8Array(file.buffer, file.byteOffset + from, file.length - from);
}
