import type { DatasetRecord } from './dataset-record.js';

/** What became of one data set that was to be fetched or imported. */
export type Arrival =
  | { readonly id: string; readonly state: 'arrived' | 'here'; readonly record: DatasetRecord }
  | { readonly id: string; readonly state: 'failed'; readonly reason: string };

export interface ArrivalOptions {
  readonly signal: AbortSignal;
  /** Take content other than the known one; scores on it will say so. */
  readonly mayDiffer: boolean;
  /** Also what is here already, whole. */
  readonly again: boolean;
  /** What is being done for a data set, and how far it is. */
  readonly onProgress: (id: string, detail: string) => void;
}
