/**
 * Makes the data that ships with the package from the files as their sources publish them.
 *
 *   node scripts/pack-data.mjs DIR
 *
 * DIR holds `blimp/<subtask>.jsonl` and `text/{tinyshakespeare,wikitext2_valid}.txt`. The output is the same for the
 * same input and the same zlib; what counts is the content, whose digests go to `data/digests.json`.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv, exit, stderr } from 'node:process';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const target = fileURLToPath(new URL('../data/', import.meta.url));
const source = argv[2];
if (source === undefined) {
  stderr.write('Say where the data lies: node scripts/pack-data.mjs DIR\n');
  exit(2);
}

const digests = {};
pack('eval/blimp.jsonl', '.br', blimp(join(source, 'blimp')));
for (const name of ['tinyshakespeare.txt', 'wikitext2_valid.txt']) {
  pack(`train/${name}`, '.gz', readFileSync(join(source, 'text', name)));
}
writeFileSync(join(target, 'digests.json'), `${JSON.stringify(digests, null, 2)}\n`);

/** All subtasks in the order of their names, one pair a line, the fields always in the same order. */
function blimp(folder) {
  const files = readdirSync(folder)
    .filter(name => name.endsWith('.jsonl'))
    .sort();
  const lines = files.flatMap(name =>
    readFileSync(join(folder, name), 'utf8').trim().split('\n').map(blimpRow),
  );
  return Buffer.from(`${lines.join('\n')}\n`);
}

function blimpRow(line) {
  const { sentence_good, sentence_bad, field, linguistics_term, UID, pairID } = JSON.parse(line);
  return JSON.stringify({ sentence_good, sentence_bad, field, linguistics_term, UID, pairID });
}

function pack(name, ending, content) {
  const path = join(target, name + ending);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ending === '.br' ? brotli(content) : gzipSync(content, { level: 9 }));
  digests[name] = { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}

function brotli(content) {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 11,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return brotliCompressSync(content, { params });
}
