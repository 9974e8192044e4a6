import { groupBy, mean, waysOfMeasuring } from './averages.js';
import { marked, noteLines } from './data-note.js';
import { type Column, renderMarkdown, renderTable } from './render.js';
import type { ResultRow } from './result-row.js';

/** The contestant that plays a task's `base` control: where the paper has no baseline, its mean is one. */
export const BASE_CONTESTANT = 'agent-base';

/** One contestant's runs on one task, measured in one way, as tables 4 and 5 of the paper have them. */
export interface Attempts {
  readonly task: string;
  readonly metric: string | null;
  readonly note: ResultRow['note'];
  /** The paper's baseline for the same metric, else the mean of the `base` control here; null where there is neither. */
  readonly baseline: { readonly value: number; readonly from: 'paper' | 'control' } | null;
  /** In the order in which they began. */
  readonly runs: readonly Attempt[];
}

export type Attempt = Pick<ResultRow, 'run_id' | 'outcome' | 'value' | 'at_deadline'>;

/** The attempts of each contestant, tasks in the order in which they first appear. */
export function attemptsByContestant(
  rows: readonly ResultRow[],
): { readonly contestant: string; readonly tasks: readonly Attempts[] }[] {
  const inOrder = rows.toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''));
  return groupBy(inOrder, ({ contestant }) => [contestant]).map(own => ({
    contestant: own[0]?.contestant ?? '',
    tasks: groupBy(own, ({ task, task_version }) => [task, task_version])
      .flatMap(waysOfMeasuring)
      .map(group => attemptsOf(group, rows)),
  }));
}

function attemptsOf(group: readonly ResultRow[], all: readonly ResultRow[]): Attempts {
  const first = group[0];
  return {
    task: first?.task ?? '',
    metric: first?.metric ?? null,
    note: first?.note ?? null,
    baseline: first === undefined ? null : baselineOf(first, all),
    runs: group
      .toSorted((a, b) => (a.started_at ?? '').localeCompare(b.started_at ?? ''))
      .map(({ run_id, outcome, value, at_deadline }) => ({ run_id, outcome, value, at_deadline })),
  };
}

/** What a value is held against; null where nothing was measured alike. */
export function baselineOf(
  { task, task_version, metric, evaluator_version, note, paper }: ResultRow,
  all: readonly ResultRow[],
): Attempts['baseline'] {
  if (paper !== null) return { value: paper.baseline, from: 'paper' };
  const controls = all.filter(
    row =>
      row.contestant === BASE_CONTESTANT &&
      row.task === task &&
      row.task_version === task_version &&
      row.metric === metric &&
      row.evaluator_version === evaluator_version &&
      row.note === note &&
      row.outcome === 'valid',
  );
  const value = mean(controls.flatMap(row => row.value ?? []));
  return value === null ? null : { value, from: 'control' };
}

const LEGEND =
  'R1, R2, …: runs in the order in which they began. A word in place of a value is the outcome of a run without a valid score. † handed in by the clock. * baseline: the mean of the base control.';

/** A table for each contestant, in the shape of the paper's tables 4 and 5, with what the marks mean. */
export function renderAttempts(rows: readonly ResultRow[], format: 'table' | 'markdown'): string {
  const render = format === 'table' ? renderTable : renderMarkdown;
  const tables = attemptsByContestant(rows).map(({ contestant, tasks }) => {
    const most = Math.max(...tasks.map(({ runs }) => runs.length));
    return [`Runs of ${contestant}`, '', render(columnsFor(most), tasks)].join('\n');
  });
  return [...tables, [LEGEND, ...noteLines(rows)].join(' ')].join('\n\n');
}

function columnsFor(runs: number): Column<Attempts>[] {
  return [
    { heading: 'task', cell: row => row.task },
    { heading: 'metric', cell: row => marked(row.metric ?? '–', row) },
    { heading: 'baseline', cell: ({ baseline }) => baselineText(baseline), right: true },
    ...Array.from({ length: runs }, (_, at) => ({
      heading: `R${at + 1}`,
      cell: ({ runs }: Attempts) => attemptText(runs[at]),
      right: true,
    })),
  ];
}

function baselineText(baseline: Attempts['baseline']): string {
  if (baseline === null) return '–';
  return `${baseline.value.toFixed(3)}${baseline.from === 'control' ? ' *' : ''}`;
}

function attemptText(attempt: Attempt | undefined): string {
  if (attempt === undefined) return '';
  const { outcome, value, at_deadline } = attempt;
  const text = outcome === 'valid' && value !== null ? value.toFixed(3) : outcome;
  return at_deadline ? `${text} †` : text;
}
