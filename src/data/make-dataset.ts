import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPacked, writeReadOnly } from '../lib/packed-data.js';
import { whenFree } from '../lib/when-free.js';
import type { DatasetRecord, RecordFile, RecordOrigin } from './dataset-record.js';
import { findSource } from './datasets.js';
import { countWords } from './file-facts.js';
import { inspectDataset, madeBy } from './inspect-dataset.js';
import { type DataPlace, dataLock, datasetFolder } from './locations.js';
import { placeDataset } from './place-dataset.js';
import type { MadeFile, Source } from './sources/source.js';

/** A data set that can be made in a moment, without any network. */
export type MakeableSource = Source & Required<Pick<Source, 'make'>>;

export function isMakeable(source: Source): source is MakeableSource {
  return source.make !== undefined;
}

/**
 * Makes a data set, after those that it is made from, unless it is there. Two processes at once make it once.
 * @throws ConfigError if the package is damaged or the disk full.
 */
export async function makeDataset(
  source: MakeableSource,
  place: DataPlace,
  signal: AbortSignal,
): Promise<DatasetRecord> {
  const { dataset, make } = source;
  const present = await inspectDataset(source, place, { isThorough: false, signal });
  if (present.state === 'whole') return present.record;
  const wholes = await makeWholes(source, place, signal);
  return whenFree(dataLock(place, dataset.id), { signal, onWait: () => undefined }, async () => {
    const found = await inspectDataset(source, place, { isThorough: false, signal });
    if (found.state === 'whole') return found.record;
    const materials = {
      packed: (name: string) => readPacked(place.packageData, name),
      text: (id: string) => readOnlyFile(id, wholes, place),
    };
    return placeDataset(place, {
      dataset,
      made_by: madeBy(source),
      origin: originOf(wholes),
      maySample: false,
      mayDiffer: false,
      write: async folder => writeAll(await make(materials), folder, signal),
    });
  });
}

/** The data sets that this one is made from, by id. */
async function makeWholes(
  { dataset: { origin } }: Source,
  place: DataPlace,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, DatasetRecord>> {
  const wholes = new Map<string, DatasetRecord>();
  for (const id of origin.kind === 'built' ? origin.from : []) {
    const source = findSource(id);
    if (isMakeable(source)) wholes.set(id, await makeDataset(source, place, signal));
  }
  return wholes;
}

function originOf(wholes: ReadonlyMap<string, DatasetRecord>): RecordOrigin {
  if (wholes.size === 0) return { kind: 'package' };
  return { kind: 'built', from: Object.fromEntries([...wholes].map(([id, { digest }]) => [id, digest])) };
}

function readOnlyFile(
  id: string,
  wholes: ReadonlyMap<string, DatasetRecord>,
  place: DataPlace,
): Promise<string> {
  const path = wholes.get(id)?.files[0]?.path;
  if (path === undefined) throw new Error(`${id} is not among what it is made from`);
  return readFile(join(datasetFolder(place, findSource(id).dataset), path), 'utf8');
}

async function writeAll(
  made: readonly MadeFile[],
  folder: string,
  signal: AbortSignal,
): Promise<RecordFile[]> {
  const files: RecordFile[] = [];
  for (const { path, content } of made) {
    const target = join(folder, path);
    await writeReadOnly(target, content);
    files.push({
      path,
      bytes: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
      ...(path.endsWith('.txt')
        ? { words: await countWords(target, signal) }
        : { rows: rowsOf(String(content)) }),
    });
  }
  return files;
}

function rowsOf(lines: string): number {
  return lines.split('\n').length - 1;
}
