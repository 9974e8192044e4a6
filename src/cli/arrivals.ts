import type { Arrival } from '../data/arrival.js';
import { type DatasetRecord, noteOf } from '../data/dataset-record.js';
import { grouped, size } from '../lib/text.js';
import { type Column, renderTable } from '../report/render.js';
import type { CommandContext } from './command.js';

const WORDS = { arrived: 'new', here: 'was here', failed: 'failed' } as const;

const COLUMNS: readonly Column<Arrival>[] = [
  { heading: 'data set', cell: ({ id }) => id },
  { heading: 'state', cell: ({ state }) => WORDS[state] },
  { heading: 'rows', cell: arrival => rowsOf(arrival), right: true },
  { heading: 'size', cell: arrival => sizeOf(arrival), right: true },
  { heading: 'from', cell: arrival => originOf(arrival) },
];

/** Tells what became of data sets: a table or JSON, and a line for each that failed. Answers the exit code. */
export function tellArrivals(
  arrivals: readonly Arrival[],
  { json }: { readonly json: boolean },
  { print, progress }: Pick<CommandContext, 'print' | 'progress'>,
): number {
  progress.clear();
  for (const arrival of arrivals)
    if (arrival.state === 'failed') progress.line(`${arrival.id}: ${arrival.reason}`);
  if (json) print(JSON.stringify(arrivals.map(withoutFiles), null, 2));
  else if (arrivals.length > 0)
    print([renderTable(COLUMNS, arrivals), ...arrivals.flatMap(noteLine)].join('\n'));
  return arrivals.some(({ state }) => state === 'failed') ? 1 : 0;
}

function noteLine(arrival: Arrival): string[] {
  const note = arrival.state === 'failed' ? null : noteOf(arrival.record);
  return note === null ? [] : [`${arrival.id}: ${note}.`];
}

/** The names and digests of hundreds of files are in the record. */
function withoutFiles(arrival: Arrival): object {
  if (arrival.state === 'failed') return arrival;
  const { files, ...record } = arrival.record;
  return { ...arrival, record: { ...record, files: files.length } };
}

function rowsOf(arrival: Arrival): string {
  if (arrival.state === 'failed') return '';
  const rows = sum(arrival.record, ({ rows }) => rows);
  return rows === 0 ? '–' : grouped(rows);
}

function sizeOf(arrival: Arrival): string {
  return arrival.state === 'failed' ? '' : size(sum(arrival.record, ({ bytes }) => bytes));
}

function sum(
  { files }: DatasetRecord,
  of: (file: DatasetRecord['files'][number]) => number | undefined,
): number {
  return files.reduce((total, file) => total + (of(file) ?? 0), 0);
}

function originOf(arrival: Arrival): string {
  if (arrival.state === 'failed') return '';
  const { origin } = arrival.record;
  if (origin.kind === 'hub') return `${origin.repo} at ${origin.revision.slice(0, 12)}`;
  return origin.kind === 'folder' ? origin.folder : origin.kind;
}
