import type { Dataset } from './dataset.js';
import { type DatasetRecord, noteOf } from './dataset-record.js';
import { findSource } from './datasets.js';
import { type Inspection, inspectDataset } from './inspect-dataset.js';
import { type DataPlace, datasetFolder } from './locations.js';
import { isMakeable, makeDataset } from './make-dataset.js';

/** A data set that is here, whole. */
export interface FoundDataset {
  readonly isFound: true;
  readonly dataset: Dataset;
  /** Absolute; the files of the record lie below it. */
  readonly folder: string;
  readonly record: DatasetRecord;
  /** What a score on it must say beside itself, such as that it is a sample; null where there is nothing to say. */
  readonly note: string | null;
}

/** A data set that is not here, or not whole. */
export interface AbsentDataset {
  readonly isFound: false;
  readonly dataset: Dataset;
  readonly state: Exclude<Inspection['state'], 'whole'>;
  /** A sentence. */
  readonly reason: string;
  /** What the operator can do about it, a sentence. */
  readonly remedy: string;
}

/**
 * Where a data set lies, if it is whole. What can be made in a moment from the package is made first, and mended where it is damaged; nothing is
 * fetched or trained. Sets of more than 100 MB are judged by the sizes of their files.
 * @throws InputError for an id that is none; ConfigError if the package is damaged or the disk full; the signal's reason on abort.
 */
export async function locateDataset(
  id: string,
  place: DataPlace,
  signal: AbortSignal,
): Promise<FoundDataset | AbsentDataset> {
  const source = findSource(id);
  const { dataset } = source;
  if (isMakeable(source)) {
    const record = await makeDataset(source, place, signal);
    return found(dataset, datasetFolder(place, dataset), record);
  }
  const inspection = await inspectDataset(source, place, { isThorough: false, signal });
  return inspection.state === 'whole'
    ? found(dataset, inspection.folder, inspection.record)
    : absent(dataset, inspection);
}

function found(dataset: Dataset, folder: string, record: DatasetRecord): FoundDataset {
  return { isFound: true, dataset, folder, record, note: noteOf(record) };
}

/** Why a data set cannot be used, and what to do. */
export function absent(dataset: Dataset, inspection: Exclude<Inspection, { state: 'whole' }>): AbsentDataset {
  const { state } = inspection;
  return { isFound: false, dataset, state, reason: reasonOf(dataset, inspection), remedy: remedyOf(dataset) };
}

function reasonOf({ id }: Dataset, inspection: Exclude<Inspection, { state: 'whole' }>): string {
  if (inspection.state === 'missing') return `The data set ${id} is not here.`;
  if (inspection.state === 'outdated')
    return `The data set ${id} was made by another version, or from data that have changed since.`;
  return `The data set ${id} is damaged: ${inspection.path} is missing or not what it was.`;
}

function remedyOf({ id, origin }: Dataset): string {
  switch (origin.kind) {
    case 'hub':
      return `\`mlrb data fetch ${id}\` gets it; \`mlrb data import DIR\` takes it from a folder.`;
    case 'folder':
      return origin.get;
    case 'built':
      return `\`mlrb data build ${id}\` makes it, in a minute or two.`;
    default:
      return 'It comes with the package and is made by itself.';
  }
}
