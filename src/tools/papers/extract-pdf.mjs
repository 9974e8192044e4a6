// A program of its own: reads the PDF named by its first argument and writes its text to standard output, a JSON object a
// line. It may run out of memory, hang or crash over a malformed file; the process that started it lives on.
import { readFile } from 'node:fs/promises';
import { argv, stdout } from 'node:process';
import { getResolvedPDFJS } from 'unpdf';

const [, , path, maxChars] = argv;
const say = message => stdout.write(`${JSON.stringify(message)}\n`);

try {
  await extract(await pdfjs(), Number(maxChars));
} catch (error) {
  say({
    type: 'failure',
    reason: error?.name === 'PasswordException' ? 'encrypted' : 'malformed',
    detail: String(error?.message ?? error),
  });
}

async function pdfjs() {
  return getResolvedPDFJS();
}

async function extract({ getDocument }, room) {
  const data = withoutHead(await readFile(path));
  const options = {
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    enableXfa: false,
    verbosity: 0,
  };
  const document = await getDocument({ ...options, data }).promise;
  const info = await document.getMetadata().catch(() => undefined);
  say({ type: 'document', pages: document.numPages, title: String(info?.info?.Title ?? '') });
  let left = room;
  for (let number = 1; number <= document.numPages && left > 0; number += 1) {
    const text = (await pageText(document, number)).slice(0, left);
    left -= text.length;
    say({ type: 'page', text });
  }
  say({ type: 'end', complete: left > 0 });
}

/** A page that cannot be read leaves the others readable. */
async function pageText(document, number) {
  try {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    page.cleanup();
    return items.map(item => (item.str ?? '') + (item.hasEOL ? '\n' : '')).join('');
  } catch {
    return '';
  }
}

/** Kept answers begin with a line of ours. */
function withoutHead(file) {
  const from = file[0] === 0x7b ? file.indexOf(0x0a) + 1 : 0;
  return new Uint8Array(file.buffer, file.byteOffset + from, file.length - from);
}
