import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError, isKnownError } from '../errors.js';
import { count, grouped, size } from '../lib/text.js';
import { whenFree } from '../lib/when-free.js';
import type { Arrival, ArrivalOptions } from './arrival.js';
import { convertParts } from './convert.js';
import type { Origin } from './dataset.js';
import { type DatasetRecord, readRecord } from './dataset-record.js';
import { type Download, downloadFile, lengthOf } from './hub/download.js';
import type { Hub, HubCall, HubFile } from './hub/hub.js';
import { inspectDataset, madeBy } from './inspect-dataset.js';
import { type DataPlace, dataLock, datasetFolder, downloadFolder } from './locations.js';
import { placeDataset } from './place-dataset.js';
import type { Part, Source } from './sources/source.js';

export interface FetchOptions extends ArrivalOptions {
  readonly hub: Hub;
  /** Address of the hub, for sentences. */
  readonly url: string;
}

type HubOrigin = Extract<Origin, { kind: 'hub' }>;

/**
 * Gets a data set from the hub at its pinned commit and brings it into canonical form. What has arrived of it is kept until the set is whole, so that a
 * fetch that was broken off is gone on with; what was there before stays until then. Two processes at once fetch it once.
 * @throws the signal's reason on abort. What fails otherwise is in the answer.
 */
export async function fetchDataset(
  source: Source,
  place: DataPlace,
  options: FetchOptions,
): Promise<Arrival> {
  const { id } = source.dataset;
  const { signal, again, onProgress } = options;
  const onWait = () => onProgress(id, 'another process is at it');
  return whenFree(dataLock(place, id), { signal, onWait }, async () => {
    const present = await inspectDataset(source, place, { isThorough: true, signal });
    if (present.state === 'whole' && present.record.sample.length === 0 && !again)
      return { id, state: 'here', record: present.record };
    try {
      return { id, state: 'arrived', record: await fetchNow(source, place, options) };
    } catch (error) {
      if (!isKnownError(error)) throw error;
      return { id, state: 'failed', reason: error.message };
    }
  });
}

async function fetchNow(source: Source, place: DataPlace, options: FetchOptions): Promise<DatasetRecord> {
  const { dataset, hub: recipe } = source;
  const { id, origin } = dataset;
  if (origin.kind !== 'hub' || recipe === undefined) throw notOnHub(source);
  const { signal, hub, onProgress } = options;
  const call: HubCall = {
    repo: { name: origin.repo, type: origin.repo_type },
    signal,
    onWait: text => onProgress(id, text),
  };
  onProgress(id, 'asking the hub');
  const revision = await commitOf(source, place, { ...options, ...call });
  const listed = await hub.list(revision, call);
  const parts = recipe(listed.map(({ path }) => path));
  refuseGaps(parts, origin, revision);
  const folder = join(downloadFolder(place, dataset), revision);
  const files = filesOf(parts, listed);
  await refuseTooLarge(files, folder);
  await downloadAll(files, { ...call, hub, url: options.url, revision, folder }, text =>
    onProgress(id, text),
  );
  const record = await placeDataset(place, {
    dataset,
    origin: { kind: 'hub', repo: origin.repo, repo_type: origin.repo_type, revision },
    made_by: madeBy(source),
    maySample: false,
    mayDiffer: options.mayDiffer,
    write: to =>
      convertParts(parts, {
        from: folder,
        to,
        mayLink: true,
        signal,
        onProgress: (path, rows) => onProgress(id, `${path}, ${count(rows, 'row')}`),
      }),
  });
  await rm(downloadFolder(place, dataset), { recursive: true, force: true });
  return record;
}

function notOnHub({ dataset: { id, origin } }: Source): InputError {
  if (origin.kind === 'folder') return new InputError(`The data set ${id} is on no hub. ${origin.get}`);
  return new InputError(
    origin.kind === 'built' && origin.by === 'training'
      ? `The data set ${id} is made here, not fetched: \`mlrb data build ${id}\`.`
      : `The data set ${id} comes with the package and needs no fetching.`,
  );
}

/** A pinned commit; else the one that was noted at the first fetch; else the one that the branch stands for now. */
async function commitOf(
  { dataset }: Source,
  place: DataPlace,
  { hub, again, ...call }: FetchOptions & HubCall,
): Promise<string> {
  if (dataset.origin.kind !== 'hub') return '';
  const { revision, repo } = dataset.origin;
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const noted = (await readRecord(datasetFolder(place, dataset)))?.origin;
  if (noted?.kind === 'hub' && noted.repo === repo && !again) return noted.revision;
  return hub.resolve(revision, call);
}

function refuseGaps(parts: readonly Part[], { repo }: HubOrigin, revision: string): void {
  const gap = parts.find(({ sources }) => sources.length === 0);
  if (parts.length > 0 && gap === undefined) return;
  const what = gap === undefined ? 'none of the files' : `no file for ${gap.path}`;
  throw new InputError(
    `${repo} on the hub has, at ${revision.slice(0, 12)}, ${what} that mlrb knows: it has been rearranged. Take the data from a folder with \`mlrb data import DIR\`.`,
  );
}

function filesOf(parts: readonly Part[], listed: readonly HubFile[]): HubFile[] {
  const wanted = new Set(parts.flatMap(({ sources }) => sources));
  return listed.filter(({ path }) => wanted.has(path));
}

/** What is downloaded and what is made of it lie side by side for a while. */
async function refuseTooLarge(files: readonly HubFile[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const disk = await statfs(folder).catch(() => undefined);
  if (disk === undefined) return;
  let missing = 0;
  for (const { path, bytes } of files) {
    missing +=
      bytes - Math.max(await lengthOf(join(folder, path)), await lengthOf(join(folder, `${path}.part`)));
  }
  const needed = missing + files.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = disk.bavail * disk.bsize;
  if (needed <= free) return;
  throw new ConfigError(
    `The disk has ${size(free)} left below ${folder}, and about ${size(needed)} are needed. Free some space there, or choose another folder with --home or MLRB_HOME, and try again.`,
  );
}

async function downloadAll(
  files: readonly HubFile[],
  options: Omit<Download, 'onBytes'>,
  show: (text: string) => void,
): Promise<void> {
  const total = size(files.reduce((sum, { bytes }) => sum + bytes, 0));
  let before = 0;
  for (const [index, file] of files.entries()) {
    const onBytes = (bytes: number) =>
      show(`${size(before + bytes)} of ${total}, file ${index + 1} of ${grouped(files.length)}`);
    onBytes(0);
    await downloadFile(file, { ...options, onBytes });
    before += file.bytes;
  }
}
