import { InputError } from '../errors.js';
import { count, grouped } from '../lib/text.js';
import type { Dataset } from './dataset.js';
import type { DatasetRecord, RecordFile } from './dataset-record.js';

export interface Compare {
  /** Whether fewer rows than the whole set has are taken, and called a sample. */
  readonly maySample: boolean;
  /** Whether content other than the known one is taken. */
  readonly mayDiffer: boolean;
}

/**
 * What is known of a data set's files against what is there.
 * @throws InputError that says what is missing, or how the content differs and how to take it all the same.
 */
export function compareFiles(
  dataset: Dataset,
  files: readonly RecordFile[],
  { maySample, mayDiffer }: Compare,
): Pick<DatasetRecord, 'sample' | 'differs'> {
  refuseMissing(dataset, files);
  const sample: { path: string; rows: number; of: number }[] = [];
  const differs: string[] = [];
  for (const { path, rows: of, sha256 } of dataset.files) {
    const file = files.find(candidate => candidate.path === path);
    const rows = file?.rows ?? 0;
    const isFewer = of !== undefined && rows < of;
    if (isFewer && maySample) sample.push({ path, rows, of });
    else if (isFewer || (of !== undefined && rows > of) || isOther(file, sha256)) differs.push(path);
  }
  if (differs.length > 0 && !mayDiffer) throw new InputError(differenceSentence(dataset, files, differs));
  return { sample, differs };
}

function isOther(file: RecordFile | undefined, known: string | undefined): boolean {
  return known !== undefined && file !== undefined && file.sha256 !== known;
}

/** What is scored on must be there in all its parts. */
function refuseMissing({ id, role, files: known }: Dataset, files: readonly RecordFile[]): void {
  const missing = known.map(({ path }) => path).filter(path => files.every(file => file.path !== path));
  if (missing.length === 0 && files.length > 0) return;
  if (role === 'train' && files.length > 0) return;
  const [first = 'every file'] = missing;
  const more = missing.length > 1 ? ` and ${count(missing.length - 1, 'other file')}` : '';
  throw new InputError(`The data set ${id} lacks ${first}${more}. Take a copy that is whole.`);
}

function differenceSentence(
  { id, files: known }: Dataset,
  files: readonly RecordFile[],
  differs: readonly string[],
): string {
  const [path = ''] = differs;
  const wanted = known.find(file => file.path === path)?.rows;
  const found = files.find(file => file.path === path)?.rows;
  const rows =
    wanted !== undefined && found !== wanted ? ` (${grouped(found ?? 0)} rows, not ${grouped(wanted)})` : '';
  const more = differs.length > 1 ? ` and ${count(differs.length - 1, 'other file')}` : '';
  return `The content of the data set ${id} is not the known one: ${path}${rows}${more}. Take a fresh copy; or take it as it is with --accept, and every score on it will say so.`;
}
