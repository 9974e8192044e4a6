import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { NgramIndex, type NgramOptions } from '../../lib/ngram-index.js';
import { packedDigest, readPacked } from '../../lib/packed-data.js';
import { anyOf, type TextFinder } from '../../lib/text-finder.js';
import type { OffLimits } from '../../tasks/task.js';

/** The texts of a data set that submissions are scored on. */
export interface EvaluationTexts {
  /** Of the whole set. */
  readonly digest: string;
  readonly read: () => Promise<readonly string[]>;
}

export interface WithheldOptions {
  /** Folder with the data of the package. */
  readonly packageData: string;
  /** Where the index of each set is kept between processes. */
  readonly folder: string;
  /** A data set by its id; null where it is not on this host. */
  readonly evaluationTexts: (dataSet: string) => Promise<EvaluationTexts | null>;
}

/** Runs of 13 words, as studies of contamination take them: questions of exams share shorter ones with any text. */
const OF_DATA_SETS: NgramOptions = { n: 13, shortest: 13 };

/** Finds what a task keeps back, as far as it is here; null where there is nothing. Each set is indexed once for a home folder. */
export async function withheldTexts(
  { texts, data_sets = [] }: OffLimits,
  { packageData, folder, evaluationTexts }: WithheldOptions,
): Promise<TextFinder | null> {
  const finders: TextFinder[] = [];
  if (texts.length > 0) {
    const digests = await Promise.all(texts.map(name => packedDigest(packageData, name)));
    finders.push(
      await keptIndex(folder, digests, async () => NgramIndex.build(await packedTexts(texts, packageData))),
    );
  }
  for (const id of data_sets) {
    const set = await evaluationTexts(id);
    if (set === null) continue;
    finders.push(
      await keptIndex(folder, [set.digest, OF_DATA_SETS], async () =>
        NgramIndex.build(await set.read(), OF_DATA_SETS),
      ),
    );
  }
  return finders.length === 0 ? null : anyOf(finders);
}

/** Read from the disk where it was built before. */
async function keptIndex(
  folder: string,
  from: unknown,
  build: () => Promise<NgramIndex>,
): Promise<NgramIndex> {
  const key = createHash('sha256').update(JSON.stringify(from)).digest('hex').slice(0, 32);
  const path = join(folder, `${key}.bin`);
  const kept = await readFile(path).then(NgramIndex.fromBytes, () => undefined);
  if (kept !== undefined) return kept;
  const index = await build();
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(path, index.toBytes());
  return index;
}

/** Every text of every row. */
async function packedTexts(names: readonly string[], packageData: string): Promise<string[]> {
  const items: string[] = [];
  for (const name of names) {
    const rows = (await readPacked(packageData, name)).toString('utf8').split('\n');
    for (const row of rows) if (row !== '') collectTexts(JSON.parse(row), items);
  }
  return items;
}

function collectTexts(value: unknown, into: string[]): void {
  if (typeof value === 'string') into.push(value);
  else if (Array.isArray(value)) for (const entry of value) collectTexts(entry, into);
  else if (typeof value === 'object' && value !== null) collectTexts(Object.values(value), into);
}
