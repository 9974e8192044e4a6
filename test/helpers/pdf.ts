import { once } from 'node:events';
import { createDeflate } from 'node:zlib';

/** A PDF with these pages of lines, as small as PDFs get. */
export function makePdf(pages: readonly (readonly string[])[], title = ''): Buffer {
  return assemble(
    pages.map(lines => plainStream(textCommands(lines))),
    `/Title (${escaped(title)})`,
  );
}

/** The same with a password that is not the empty one. */
export function makeLockedPdf(): Buffer {
  const entry =
    '/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <' +
    'ab'.repeat(32) +
    '> /U <' +
    'cd'.repeat(32) +
    '> >> /ID [<0011> <0011>]';
  return assemble([plainStream(textCommands(['locked']))], '', entry);
}

/** One page that shows a grey rectangle and no text, as a scan does. */
export function makeScan(): Buffer {
  return assemble([plainStream('0.5 g 0 0 100 100 re f')], '');
}

/** A small file whose one page unpacks to so many bytes. */
export async function makeBomb(bytes: number): Promise<Buffer> {
  const deflate = createDeflate({ level: 9 });
  const chunks: Buffer[] = [];
  deflate.on('data', chunk => chunks.push(chunk));
  const ended = once(deflate, 'end');
  const blank = Buffer.alloc(1 << 20, 0x20);
  for (let written = 0; written < bytes; written += blank.length) {
    if (!deflate.write(blank)) await once(deflate, 'drain');
  }
  deflate.end();
  await ended;
  const packed = Buffer.concat(chunks);
  return assemble(
    [
      Buffer.concat([
        Buffer.from(`<< /Length ${packed.length} /Filter /FlateDecode >>\nstream\n`),
        packed,
        Buffer.from('\nendstream'),
      ]),
    ],
    '',
  );
}

function textCommands(lines: readonly string[]): string {
  const shown = lines.map(line => `(${escaped(line)}) Tj T*`).join('\n');
  return `BT /F1 10 Tf 12 TL 50 780 Td\n${shown}\nET`;
}

function plainStream(commands: string): Buffer {
  return Buffer.from(
    `<< /Length ${Buffer.byteLength(commands)} >>\nstream\n${commands}\nendstream`,
    'latin1',
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[\\()]/g, mark => `\\${mark}`);
}

/** Objects: 1 catalog, 2 page tree, 3 font, 4 information, then a page and its content each. */
function assemble(contents: readonly Buffer[], information: string, trailer = ''): Buffer {
  const kids = contents.map((_, index) => `${5 + index * 2} 0 R`).join(' ');
  const objects: Buffer[] = [
    Buffer.from('<< /Type /Catalog /Pages 2 0 R >>'),
    Buffer.from(`<< /Type /Pages /Kids [${kids}] /Count ${contents.length} >>`),
    Buffer.from('<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'),
    Buffer.from(`<< ${information} >>`),
    ...contents.flatMap((content, index) => [
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents ${6 + index * 2} 0 R >>`,
      ),
      content,
    ]),
  ];
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n')];
  const offsets: number[] = [];
  let at = 9;
  for (const [index, object] of objects.entries()) {
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    offsets.push(at);
    parts.push(part);
    at += part.length;
  }
  const table = offsets.map(offset => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  parts.push(
    Buffer.from(
      `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 4 0 R ${trailer} >>\nstartxref\n${at}\n%%EOF\n`,
    ),
  );
  return Buffer.concat(parts);
}
