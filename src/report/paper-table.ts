import { type PaperResult, paperResultOf } from '../tasks/paper-results.js';
import { type Average, mean } from './averages.js';
import { type Column, renderMarkdown, renderTable } from './render.js';

/** One agent's published runs on one task. */
export interface PaperLine {
  readonly task: string;
  readonly metric: string;
  readonly agent: string;
  readonly baseline: number;
  readonly runs: readonly number[];
  readonly valid: number;
  /** Over all runs, a failed one as zero. */
  readonly mean_failures_zero: number | null;
  readonly mean_valid: number | null;
  readonly best: number;
}

/** What the paper published for the tasks of a report, computed anew from its tables. */
export interface PaperBeside {
  readonly lines: readonly PaperLine[];
  readonly faults: readonly { readonly task: string; readonly faults: readonly string[] }[];
}

/** The paper's numbers for every task that is averaged here; empty where it has none of them. */
export function paperBeside(averages: readonly Average[]): PaperBeside {
  const published = [...new Set(averages.map(({ task }) => task))].flatMap(task => paperResultOf(task) ?? []);
  return {
    lines: published.flatMap(linesOf),
    faults: published.map(({ task, faults }) => ({ task, faults })),
  };
}

function linesOf({ task, metric, baseline, runs }: PaperResult): PaperLine[] {
  return Object.entries(runs).map(([agent, values]) => {
    const valid = values.filter(value => value > 0);
    return {
      task,
      metric,
      agent,
      baseline,
      runs: values,
      valid: valid.length,
      mean_failures_zero: mean(values),
      mean_valid: mean(valid),
      best: Math.max(...values),
    };
  });
}

const COLUMNS: readonly Column<PaperLine>[] = [
  { heading: 'task', cell: row => row.task },
  { heading: 'metric', cell: row => row.metric },
  { heading: 'agent', cell: row => row.agent },
  { heading: 'baseline', cell: row => row.baseline.toFixed(3), right: true },
  ...[0, 1, 2, 3, 4].map(at => ({
    heading: `R${at + 1}`,
    cell: ({ runs }: PaperLine) => (runs[at] === 0 ? 'failed' : (runs[at]?.toFixed(3) ?? '')),
    right: true,
  })),
  { heading: 'valid / runs', cell: row => `${row.valid} / ${row.runs.length}`, right: true },
  { heading: 'mean, failures as zero', cell: row => row.mean_failures_zero?.toFixed(3) ?? '–', right: true },
  { heading: 'mean of valid', cell: row => row.mean_valid?.toFixed(3) ?? '–', right: true },
  { heading: 'best', cell: row => row.best.toFixed(3), right: true },
];

/** The paper's lines and what is known to be wrong with them. */
export function renderPaper({ lines, faults }: PaperBeside, format: 'table' | 'markdown'): string {
  const render = format === 'table' ? renderTable : renderMarkdown;
  return [
    'Published in the paper (arXiv 2410.22553, tables 4 and 5; means computed from them)',
    '',
    render(COLUMNS, lines),
    '',
    'Known faults of these numbers:',
    ...faults.flatMap(({ task, faults: sentences }) => sentences.map(sentence => `- ${task}: ${sentence}`)),
  ].join('\n');
}
