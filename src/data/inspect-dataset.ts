import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import { type DatasetRecord, readRecord } from './dataset-record.js';
import { findSource } from './datasets.js';
import { hashFile } from './file-facts.js';
import { type DataPlace, datasetFolder } from './locations.js';
import type { Source } from './sources/source.js';

/** The program that trains the small models. */
export const BUILD_PROGRAM = join(PACKAGE_ROOT, 'docker', 'eval', 'build_model.py');

/** How a data set was found. `outdated`: made by another rule, or from other data than is there now. */
export type Inspection =
  | { readonly state: 'whole'; readonly folder: string; readonly record: DatasetRecord }
  | { readonly state: 'missing' }
  | { readonly state: 'outdated' }
  | { readonly state: 'damaged'; readonly path: string };

export interface Inspect {
  /** Whether large sets are read in full as well; otherwise the sizes of their files must do. */
  readonly isThorough: boolean;
  readonly signal: AbortSignal;
}

/** Sets up to this size are read in full each time. */
const SMALL_BYTES = 100e6;

/** Looks at a data set's folder and changes nothing. */
export async function inspectDataset(
  source: Source,
  place: Pick<DataPlace, 'home'>,
  options: Inspect,
): Promise<Inspection> {
  const folder = datasetFolder(place, source.dataset);
  const record = await readRecord(folder);
  if (record === undefined) return { state: 'missing' };
  if (record.id !== source.dataset.id || record.made_by !== madeBy(source)) return { state: 'outdated' };
  if (await isFromOther(record, place)) return { state: 'outdated' };
  const path = await firstDamaged(folder, record, options);
  return path === undefined ? { state: 'whole', folder, record } : { state: 'damaged', path };
}

/** Names what makes a data set's files out of others: they are made anew when it changes. */
export function madeBy({ made_by, training }: Source): string {
  if (training === undefined) return made_by ?? 'recipe 1';
  const hash = createHash('sha256').update(readFileSync(BUILD_PROGRAM)).update(JSON.stringify(training));
  return `build_model.py ${hash.digest('hex')}`;
}

/** Whether what it was built from is there and is not what it was. */
async function isFromOther({ origin }: DatasetRecord, place: Pick<DataPlace, 'home'>): Promise<boolean> {
  if (origin.kind !== 'built') return false;
  for (const [id, digest] of Object.entries(origin.from)) {
    const record = await readRecord(datasetFolder(place, findSource(id).dataset));
    if (record !== undefined && record.digest !== digest) return true;
  }
  return false;
}

async function firstDamaged(
  folder: string,
  { files }: DatasetRecord,
  { isThorough, signal }: Inspect,
): Promise<string | undefined> {
  const isSmall = files.reduce((sum, { bytes }) => sum + bytes, 0) <= SMALL_BYTES;
  for (const { path, bytes, sha256 } of files) {
    const full = join(folder, path);
    const stats = await stat(full).catch(() => undefined);
    if (stats?.isFile() !== true || stats.size !== bytes) return path;
    if ((isSmall || isThorough) && (await hashFile(full, signal)) !== sha256) return path;
  }
  return undefined;
}
