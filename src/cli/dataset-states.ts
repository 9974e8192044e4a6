import type { Config } from '../config.js';
import { isTrained } from '../data/build-model.js';
import { noteOf } from '../data/dataset-record.js';
import { findSource } from '../data/datasets.js';
import { inspectDataset } from '../data/inspect-dataset.js';
import { absent } from '../data/locate-dataset.js';
import type { TaskFolder } from '../tasks/task.js';
import { tasksThatNeed } from './data-needs.js';
import { dataPlace } from './data-place.js';

/** How a data set stands. `made on use`: not there, and made by itself where it is needed. */
export interface DatasetState {
  readonly id: string;
  readonly role: 'train' | 'eval';
  readonly state: 'whole' | 'sample' | 'other content' | 'made on use' | 'missing' | 'outdated' | 'damaged';
  readonly bytes: number;
  readonly rows: number;
  /** Tasks that need it, by id. */
  readonly tasks: readonly string[];
  /** What scores on it say; or why it cannot be used. */
  readonly note: string;
  /** What to do; empty where nothing is. */
  readonly remedy: string;
}

export interface Look {
  readonly tasks: readonly TaskFolder[];
  /** Whether large sets are read in full as well. */
  readonly isThorough: boolean;
  readonly signal: AbortSignal;
}

/** Looks at a data set and changes nothing. */
export async function datasetState(id: string, config: Config, look: Look): Promise<DatasetState> {
  const source = findSource(id);
  const { dataset } = source;
  const found = await inspectDataset(source, dataPlace(config), look);
  const facts = { id, role: dataset.role, tasks: tasksThatNeed(id, look.tasks) };
  if (found.state === 'whole') {
    const { record } = found;
    const state = record.differs.length > 0 ? 'other content' : record.sample.length > 0 ? 'sample' : 'whole';
    return {
      ...facts,
      state,
      bytes: record.files.reduce((sum, { bytes }) => sum + bytes, 0),
      rows: record.files.reduce((sum, { rows = 0 }) => sum + rows, 0),
      note: noteOf(record) ?? '',
      remedy: '',
    };
  }
  const nothing = { ...facts, bytes: 0, rows: 0 };
  if (source.make !== undefined || isTrained(source))
    return { ...nothing, state: 'made on use', note: '', remedy: '' };
  const { state, reason, remedy } = absent(dataset, found);
  return { ...nothing, state, note: reason, remedy };
}

/** Whether tasks that need the data set can do without anybody's help. */
export function isUsable({ state }: DatasetState): boolean {
  return !['missing', 'outdated', 'damaged'].includes(state);
}
