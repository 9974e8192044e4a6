import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError } from '../errors.js';
import { firstChars } from '../lib/text.js';
import type { RecordFile } from './dataset-record.js';
import { countWords, hashFile } from './file-facts.js';
import { FileWriter } from './file-writer.js';
import { readRows } from './read-rows.js';
import type { Content, Part, ReadRow } from './sources/source.js';

export interface Convert {
  /** Where the sources lie. */
  readonly from: string;
  /** Where the parts are written; an empty folder. */
  readonly to: string;
  /** Whether a file that stays as it is may share its place on the disk with its source, which nobody changes. */
  readonly mayLink: boolean;
  readonly signal: AbortSignal;
  /** Called now and then with the part that is at work and its rows so far. */
  readonly onProgress: (path: string, rows: number) => void;
}

/**
 * Makes files in canonical form: UTF-8, one row a line with its fields in one order. The same rows give the same bytes wherever they come from.
 * @throws InputError that names the file, the row and the field of the first row that is not as it should be.
 */
export async function convertParts(parts: readonly Part[], options: Convert): Promise<RecordFile[]> {
  const files: RecordFile[] = [];
  for (const part of parts) {
    options.signal.throwIfAborted();
    if (part.sources.length > 0) files.push(...(await convertPart(part, options)));
  }
  return files;
}

async function convertPart(part: Part, options: Convert): Promise<RecordFile[]> {
  const { content } = part;
  if (content.kind === 'copy') return [await copyPart(part, options)];
  if (content.kind === 'texts') return writeTexts(part, content, options);
  if (content.kind === 'text') return [await writeText(part, content, options)];
  return [await writeRows(part, content, options)];
}

async function copyPart({ path, sources }: Part, options: Convert): Promise<RecordFile> {
  const [source = ''] = sources;
  const target = join(options.to, path);
  await mkdir(dirname(target), { recursive: true });
  await copyOrLink(join(options.from, source), target, options.mayLink);
  const { size: bytes } = await stat(target);
  const sha256 = await hashFile(target, options.signal);
  return { path, bytes, sha256, ...(await wordsOf(path, options)) };
}

async function copyOrLink(source: string, target: string, mayLink: boolean): Promise<void> {
  const isLinked =
    mayLink &&
    (await link(source, target).then(
      () => true,
      () => false, // this file system has no such links
    ));
  if (!isLinked) await copyFile(source, target, constants.COPYFILE_FICLONE);
  await chmod(target, 0o444);
}

async function wordsOf(path: string, { to, signal }: Convert): Promise<{ words?: number }> {
  return path.endsWith('.txt') ? { words: await countWords(join(to, path), signal) } : {};
}

type ContentOf<Kind> = Extract<Content, { kind: Kind }>;

async function writeText(part: Part, { schema }: ContentOf<'text'>, options: Convert): Promise<RecordFile> {
  const { path, sources } = part;
  await using writer = await FileWriter.create(join(options.to, path));
  for await (const read of readRows(options.from, sources, options.signal)) {
    await writer.write(checked(read, schema));
  }
  const facts = await writer.finish();
  return { path, ...facts, ...(await wordsOf(path, options)) };
}

async function writeTexts(
  part: Part,
  { schema }: ContentOf<'texts'>,
  options: Convert,
): Promise<RecordFile[]> {
  const files: RecordFile[] = [];
  for await (const read of readRows(options.from, part.sources, options.signal)) {
    const { name, text } = checked(read, schema);
    const path = freePath(`${part.path}/${plainName(name)}`, files);
    await using writer = await FileWriter.create(join(options.to, path));
    await writer.write(text);
    files.push({ path, ...(await writer.finish()), ...(await wordsOf(path, options)) });
    options.onProgress(path, files.length);
  }
  return files;
}

/** Two texts of one name are two files. */
function freePath(stem: string, files: readonly RecordFile[]): string {
  const same = files.filter(({ path }) => path === `${stem}.txt` || path.startsWith(`${stem}--`)).length;
  return same === 0 ? `${stem}.txt` : `${stem}--${same + 1}.txt`;
}

/** A name from outside as a file name of ours, without its ending. */
function plainName(name: string): string {
  const plain = name.replace(/\.\w+$/, '').replaceAll(/[^\w-]+/g, '_');
  return firstChars(plain, 100) || 'text';
}

async function writeRows(part: Part, content: ContentOf<'rows'>, options: Convert): Promise<RecordFile> {
  const { path } = part;
  const write = path.endsWith('.csv') ? await csvLine() : jsonLine;
  const { select = all } = content;
  await using writer = await FileWriter.create(join(options.to, path));
  let rows = 0;
  for await (const row of select(checkedRows(part, content, options))) {
    await writer.write(write(row, rows));
    rows += 1;
    if (rows % 10_000 === 0) options.onProgress(path, rows);
  }
  return { path, ...(await writer.finish()), rows };
}

async function* checkedRows(
  { sources }: Part,
  { schema, read = readRows }: ContentOf<'rows'>,
  { from, signal }: Convert,
): AsyncGenerator<object> {
  for await (const found of read(from, sources, signal)) yield checked(found, schema);
}

async function* all(rows: AsyncIterable<object>): AsyncGenerator<object> {
  yield* rows;
}

function jsonLine(row: object): string {
  return `${JSON.stringify(row)}\n`;
}

/** With a line of headings before the first row. */
async function csvLine(): Promise<(row: object, index: number) => string> {
  const { stringify } = await import('csv-stringify/sync');
  return (row, index) => stringify([row], { header: index === 0 });
}

interface Schema<T> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: T }
    | {
        readonly success: false;
        readonly error: { readonly issues: readonly { path: PropertyKey[]; message: string }[] };
      };
}

function checked<T>({ row, file, number }: ReadRow, schema: Schema<T>): T {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  const what = field === '' ? 'the row' : `the field "${field}"`;
  const why = (issue?.message ?? 'unknown reason').replace(/^Invalid input: /, '');
  throw new InputError(
    `${file}, row ${number}: ${what} is not right (${why}). Take a fresh copy of the file, or mend it.`,
    { cause: parsed.error },
  );
}
