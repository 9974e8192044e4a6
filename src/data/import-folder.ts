import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, InputError } from '../errors.js';
import { grouped } from '../lib/text.js';
import { whenFree } from '../lib/when-free.js';
import type { Arrival, ArrivalOptions } from './arrival.js';
import { convertParts } from './convert.js';
import { SOURCES } from './datasets.js';
import { inspectDataset, madeBy } from './inspect-dataset.js';
import { type DataPlace, dataLock } from './locations.js';
import { placeDataset } from './place-dataset.js';
import type { Part, Source } from './sources/source.js';

/** Folders below the named one are looked at down to this depth. */
const MAX_DEPTH = 4;
const MAX_FILES = 100_000;

/**
 * Takes every data set that a folder holds: in the shape of this project, or a repository of the hub as it is there, below `<owner>/<name>`. What fails
 * leaves the others, and what was there before, as they are.
 * @throws InputError if there is no such folder or it holds nothing that is known; ConfigError if the disk is full.
 */
export async function importFolder(
  folder: string,
  place: DataPlace,
  options: ArrivalOptions,
): Promise<Arrival[]> {
  const paths = await listFiles(folder);
  const arrivals: Arrival[] = [];
  for (const source of SOURCES) {
    const found = findParts(source, folder, paths);
    if (found !== undefined) arrivals.push(await importOne(source, found, place, options));
  }
  if (arrivals.length > 0) return arrivals;
  throw new InputError(
    `${folder} holds no data that mlrb knows. It takes folders such as mmlu/<subject>/test.jsonl, a clone of miniF2F, or copies of the hub's repositories as <owner>/<name>/….`,
  );
}

interface Found {
  readonly from: string;
  readonly parts: readonly Part[];
}

/** What comes with the package is not taken from elsewhere. */
function findParts(source: Source, folder: string, paths: readonly string[]): Found | undefined {
  if (source.make !== undefined) return undefined;
  const { origin } = source.dataset;
  const own = source.folder?.(paths) ?? [];
  if (own.some(({ sources }) => sources.length > 0)) return { from: folder, parts: own };
  if (origin.kind !== 'hub') return undefined;
  const inRepo = paths.filter(path => path.startsWith(`${origin.repo}/`));
  const parts = source.hub?.(inRepo.map(path => path.slice(origin.repo.length + 1))) ?? [];
  return parts.some(({ sources }) => sources.length > 0)
    ? { from: join(folder, origin.repo), parts }
    : undefined;
}

async function importOne(
  source: Source,
  { from, parts }: Found,
  place: DataPlace,
  options: ArrivalOptions,
): Promise<Arrival> {
  const { dataset } = source;
  const { id } = dataset;
  const { signal, mayDiffer, again, onProgress } = options;
  const onWait = () => onProgress(id, 'another process is at it');
  return whenFree(dataLock(place, id), { signal, onWait }, async () => {
    const present = await inspectDataset(source, place, { isThorough: true, signal });
    if (present.state === 'whole' && present.record.sample.length === 0 && !again)
      return { id, state: 'here', record: present.record };
    onProgress(id, 'reading');
    try {
      const record = await placeDataset(place, {
        dataset,
        origin: { kind: 'folder', folder: from },
        made_by: madeBy(source),
        maySample: true,
        mayDiffer,
        write: to =>
          convertParts(parts, {
            from,
            to,
            mayLink: false,
            signal,
            onProgress: (path, rows) => onProgress(id, `${path}, ${grouped(rows)} rows`),
          }),
      });
      return { id, state: 'arrived', record };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { id, state: 'failed', reason: error.message };
    }
  });
}

/** Names of the files below a folder, with `/` between folders; those that begin with a dot are left out. */
async function listFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const visit = async (below: string, depth: number): Promise<void> => {
    for (const entry of await entriesOf(join(folder, below), below === '')) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory() && depth < MAX_DEPTH) await visit(path, depth + 1);
      else if (!entry.isDirectory()) paths.push(path);
      if (paths.length > MAX_FILES)
        throw new InputError(
          `${folder} holds more than ${grouped(MAX_FILES)} files. Name the folder that holds the data and nothing else.`,
        );
    }
  };
  await visit('', 1);
  return paths;
}

async function entriesOf(folder: string, isRoot: boolean): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (!isRoot) return []; // one that may not be read: what it holds is missing then
    const why = errorCode(error) === 'ENOENT' ? 'There is no folder' : 'Nobody but its owner can read';
    throw new InputError(`${why} ${folder}. Name a folder that holds data.`, { cause: error });
  }
}
