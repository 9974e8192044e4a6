import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeJson } from '../lib/atomic-write.js';
import { type Compare, compareFiles } from './compare-files.js';
import type { Dataset } from './dataset.js';
import {
  type DatasetRecord,
  digestOfFiles,
  RECORD_FILE,
  type RecordFile,
  type RecordOrigin,
} from './dataset-record.js';
import { orDiskFull } from './disk-full.js';
import { type DataPlace, datasetFolder } from './locations.js';

export interface Placed extends Compare {
  readonly dataset: Dataset;
  readonly origin: RecordOrigin;
  readonly made_by: string;
  /** Fills an empty folder, and says with what. */
  readonly write: (folder: string) => Promise<readonly RecordFile[]>;
}

/**
 * Puts a data set in its place, whole or not at all: it is written beside it, and moved there with its record in one step. Call it while holding the
 * data set's lock.
 * @throws ConfigError if the disk is full; InputError if the content is not as it should be; then what was there before is there still.
 */
export async function placeDataset(
  place: Pick<DataPlace, 'home'>,
  { dataset, origin, made_by, write, ...compare }: Placed,
): Promise<DatasetRecord> {
  const folder = datasetFolder(place, dataset);
  const fresh = join(dirname(folder), `.${dataset.id}.new`);
  return orDiskFull(dirname(folder), async () => {
    try {
      await rm(fresh, { recursive: true, force: true });
      await mkdir(fresh, { recursive: true });
      const files = await write(fresh);
      const record: DatasetRecord = {
        version: 1,
        id: dataset.id,
        role: dataset.role,
        origin,
        made_by,
        files,
        digest: digestOfFiles(files),
        ...compareFiles(dataset, files, compare),
        made_at: new Date().toISOString(),
      };
      await writeJson(join(fresh, RECORD_FILE), record);
      await swap(fresh, folder);
      return record;
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  });
}

async function swap(fresh: string, folder: string): Promise<void> {
  const old = `${fresh.slice(0, -'.new'.length)}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(folder, old).catch(() => undefined); // nothing was there
  await rename(fresh, folder);
  await rm(old, { recursive: true, force: true });
}
