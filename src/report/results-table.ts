import type { Average } from './averages.js';
import { marked, noteLines } from './data-note.js';
import { type Column, renderCsv, renderMarkdown, renderTable } from './render.js';
import type { ResultRow } from './result-row.js';

export const REPORT_FORMATS = ['table', 'markdown', 'csv', 'json'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** What tells values apart that must not be compared. */
interface Measured {
  readonly task_version: number;
  readonly evaluator_version: string | null;
}

const TASK_VERSION: Column<Measured> = {
  heading: 'task version',
  cell: row => String(row.task_version),
  right: true,
};
const EVALUATOR: Column<Measured> = { heading: 'evaluator', cell: row => row.evaluator_version ?? '–' };

const RESULT_COLUMNS: readonly Column<ResultRow>[] = [
  { heading: 'task', cell: row => row.task },
  TASK_VERSION,
  { heading: 'contestant', cell: row => row.contestant },
  { heading: 'run', cell: row => row.run_id },
  { heading: 'outcome', cell: outcomeOf },
  { heading: 'metric', cell: row => marked(row.metric ?? '–', row) },
  EVALUATOR,
  { heading: 'value', cell: row => number(row.value), right: true },
  { heading: '95 % interval', cell: row => interval(row.interval_95) },
  { heading: 'n', cell: row => (row.n === null ? '–' : row.n.toLocaleString('en-US')), right: true },
  { heading: 'untrained', cell: row => number(row.floor), right: true },
  { heading: 'claimed', cell: row => shortened(row.claimed) },
  { heading: 'min', cell: row => (row.minutes === null ? '–' : row.minutes.toFixed(1)), right: true },
];

function outcomeOf({ outcome, at_deadline, unmeasured }: ResultRow): string {
  return [outcome, at_deadline && 'at deadline', unmeasured && 'not measured here']
    .filter(Boolean)
    .join(', ');
}

const AVERAGE_COLUMNS: readonly Column<Average>[] = [
  { heading: 'task', cell: row => row.task },
  TASK_VERSION,
  { heading: 'contestant', cell: row => row.contestant },
  { heading: 'metric', cell: row => marked(row.metric ?? '–', row) },
  EVALUATOR,
  { heading: 'valid / runs', cell: row => `${row.valid} / ${row.runs}`, right: true },
  { heading: 'failed (ours)', cell: row => String(row.failed), right: true },
  { heading: 'mean, failures as zero', cell: row => number(row.mean_failures_zero), right: true },
  { heading: 'mean of valid', cell: row => number(row.mean_valid), right: true },
  { heading: '95 % interval', cell: row => interval(row.interval_95) },
  { heading: 'best', cell: row => number(row.best), right: true },
  { heading: 'untrained', cell: row => number(row.floor), right: true },
  { heading: 'ceiling', cell: row => number(row.ceiling), right: true },
];

/** The runs, one a line. A terminal is narrow: there, columns that say nothing are left out. */
export function renderResults(rows: readonly ResultRow[], format: ReportFormat): string {
  const oneTask = rows.length > 1 && rows.every(({ task }) => task === rows[0]?.task);
  const noClaim = rows.every(({ claimed }) => claimed === null);
  const columns = RESULT_COLUMNS.filter(
    ({ heading }) => !(heading === 'task' && oneTask) && !(heading === 'claimed' && noClaim),
  );
  if (format === 'csv') return renderCsv(rows.map(flat));
  return render(format === 'table' ? tellingApart(columns, rows) : RESULT_COLUMNS, rows, format);
}

/** A spreadsheet has no place for several values in a cell. */
function flat({ paper, interval_95, ...row }: ResultRow): object {
  return {
    ...row,
    interval_95_low: interval_95?.[0] ?? null,
    interval_95_high: interval_95?.[1] ?? null,
    paper_baseline: paper?.baseline ?? null,
  };
}

/** The averages, one a line for each task, contestant and way of measuring; on a terminal as narrow as the runs. */
export function renderAverages(rows: readonly Average[], format: ReportFormat): string {
  return render(format === 'table' ? tellingApart(AVERAGE_COLUMNS, rows) : AVERAGE_COLUMNS, rows, format);
}

/** The columns without the versions that all rows share. */
function tellingApart<Row extends Measured>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): Column<Row>[] {
  const isSame = ({ cell }: Column<Measured>) =>
    new Set(rows.map(cell).filter(text => text !== '–')).size < 2;
  const hidden = [TASK_VERSION, EVALUATOR].filter(isSame).map(({ heading }) => heading);
  return columns.filter(({ heading }) => !hidden.includes(heading));
}

function render<Row extends { readonly note: string | null }>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  format: ReportFormat,
): string {
  switch (format) {
    case 'table':
      return [renderTable(columns, rows), ...noteLines(rows)].join('\n');
    case 'markdown':
      return [renderMarkdown(columns, rows), ...noteLines(rows)].join('\n\n');
    case 'csv':
      return renderCsv(rows);
    case 'json':
      return JSON.stringify(rows, null, 2);
  }
}

/** A number as tables show it: three decimals, which large numbers do not need. */
export function number(value: number | null): string {
  if (value === null) return '–';
  if (Number.isInteger(value) && Math.abs(value) > 1) return value.toLocaleString('en-US');
  return Math.abs(value) < 100
    ? value.toFixed(3)
    : value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function interval(range: readonly [number, number] | null): string {
  return range === null ? '–' : `${number(range[0])} to ${number(range[1])}`;
}

function shortened(claim: string | null): string {
  if (claim === null) return '–';
  const line = claim.replaceAll(/\s+/g, ' ');
  return line.length <= 24 ? line : `${line.slice(0, 23)}…`.toWellFormed();
}
