/**
 * Writes down what is known of the data sets' files in canonical form, from a folder that holds them as `mlrb data import` takes them.
 *
 *   npx tsx scripts/note-canonical-files.ts DIR
 *
 * Files that are only a sample in DIR, or not there, are noted with the rows of the whole and without a digest.
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { convertParts } from '../src/data/convert.js';
import { SOURCES } from '../src/data/datasets.js';

/** Rows of the whole, where DIR has fewer. */
const WHOLE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  super_glue: { 'record/validation.jsonl': 10_000 },
  super_glue_dev: { 'boolq/dev.jsonl': 200, 'multirc/dev.jsonl': 200, 'record/dev.jsonl': 200 },
  alpaca: { 'alpaca.jsonl': 51_760 },
};

const from = argv[2] ?? '';
const paths = readdirSync(from, { recursive: true, encoding: 'utf8' }).map(path =>
  path.replaceAll('\\', '/'),
);
const lines: string[] = [];
for (const { dataset, folder, make } of SOURCES) {
  if (folder === undefined || (make !== undefined && dataset.id !== 'blimp')) continue;
  const to = mkdtempSync(join(tmpdir(), 'mlrb-canonical-'));
  const { signal } = new AbortController();
  const files = await convertParts(folder(paths), {
    from,
    to,
    mayLink: false,
    signal,
    onProgress: () => undefined,
  });
  rmSync(to, { recursive: true });
  const whole = WHOLE[dataset.id] ?? {};
  const known = files.filter(({ path }) => whole[path] === undefined);
  lines.push(
    ...known.map(({ path, rows, sha256 }) => `${dataset.id} ${path} ${rows ?? '-'} ${sha256}`),
    ...Object.entries(whole).map(([path, rows]) => `${dataset.id} ${path} ${rows} -`),
  );
}
const target = fileURLToPath(new URL('../src/data/canonical-table.ts', import.meta.url));
const heading =
  '/** Made by `scripts/note-canonical-files.ts`: data set, file, rows, SHA-256; `-` where it is not known. */';
writeFileSync(target, `${heading}\nexport const CANONICAL_TABLE = \`\n${lines.join('\n')}\n\`;\n`);
