import { join, resolve } from 'node:path';
import { z } from 'zod';
import { writeWhole } from '../../lib/atomic-write.js';
import type { Progress } from '../../lib/progress.js';
import { attemptsByContestant, renderAttempts } from '../../report/attempts-table.js';
import { averages } from '../../report/averages.js';
import { drawFigures } from '../../report/figures.js';
import { paperBeside, renderPaper } from '../../report/paper-table.js';
import { type ResultRow, resultRow } from '../../report/result-row.js';
import { REPORT_FORMATS, renderAverages, renderResults } from '../../report/results-table.js';
import { renderToolUsage, type ToolUsage, toolUsage } from '../../report/tool-usage.js';
import { RunStore } from '../../runs/run-store.js';
import type { TraceEvent } from '../../runs/trace.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { judgedRuns } from '../judged-runs.js';

export const report = defineCommand({
  name: 'report',
  summary: 'results of all runs or of some, and their averages',
  details:
    'The runs one a line; the runs of each contestant in the shape of the tables 4 and 5 of the paper; averages; and, where the paper has the same task, its numbers with what is known to be wrong with them. Averages show both means: over all runs with failures as zero, and over valid runs. Runs that failed through our own fault, or could not be measured on this host, count in neither. Where lower is better, no value stands for a failure, so the first mean is absent. Values of different metrics, versions of an evaluator or of a task, or on other data are never averaged: each has a line, and runs without a score count in all of them.',
  arguments: [['[run...]', 'runs by id; all where none is named']],
  options: [
    ['--task <id>', 'only this task'],
    ['--contestant <name>', 'only this contestant'],
    ['--format <format>', `${REPORT_FORMATS.join(', ')} [table]`],
    [
      '--figures <dir>',
      'also writes figures as SVG: for each task the runs with intervals, floor and baseline, and the scores over time',
    ],
    ['--tools', 'also how often each tool was called and failed, from the traces; not in csv'],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb report', 'tables: runs, runs by contestant, averages'],
    ['mlrb report --tools', 'one more: the tools that were used'],
    ['mlrb report --figures figures', 'also two figures for each task, in the folder figures'],
    ['mlrb report --task mini_baby_lm --format csv > results.csv', 'the runs of one task for a spreadsheet'],
  ],
  input: z.object({
    run: z.array(z.string()).default([]),
    task: z.string().optional(),
    contestant: z.string().optional(),
    format: z.enum(REPORT_FORMATS).default('table'),
    figures: z.string().min(1).optional(),
    tools: z.boolean().default(false),
    json: JsonFlag,
  }),
  async run({ run, task, contestant, format, figures, tools, json }, { config, print, progress }) {
    const runs = new RunStore(config.home);
    const judged = await judgedRuns(runs, run, progress);
    const rows = judged
      .map(resultRow)
      .filter(row => (task ?? row.task) === row.task && (contestant ?? row.contestant) === row.contestant);
    const usage = tools ? await usageOf(runs, rows) : undefined;
    if (json || format === 'json') print(JSON.stringify(asJson(rows, usage), null, 2));
    else if (rows.length === 0) print('No run fits. `mlrb runs` lists what is there.');
    else if (format === 'csv') print(renderResults(rows, 'csv'));
    else print(asTables(rows, usage, format));
    if (figures !== undefined) await writeFigures(rows, resolve(figures), progress);
    return 0;
  },
});

function asJson(rows: readonly ResultRow[], usage: readonly ToolUsage[] | undefined): object {
  const means = averages(rows);
  return {
    runs: rows,
    attempts: attemptsByContestant(rows),
    averages: means,
    paper: paperBeside(means),
    ...(usage === undefined ? {} : { tools: usage }),
  };
}

function asTables(
  rows: readonly ResultRow[],
  usage: readonly ToolUsage[] | undefined,
  format: 'table' | 'markdown',
): string {
  const means = averages(rows);
  const paper = paperBeside(means);
  return [
    renderResults(rows, format),
    renderAttempts(rows, format),
    renderAverages(means, format),
    ...(paper.lines.length === 0 ? [] : [renderPaper(paper, format)]),
    ...(usage === undefined ? [] : [renderToolUsage(usage, format)]),
  ].join('\n\n');
}

async function writeFigures(rows: readonly ResultRow[], folder: string, progress: Progress): Promise<void> {
  const figures = await drawFigures(rows);
  if (figures.length === 0) return progress.line('There is no valid score yet, so there is nothing to draw.');
  for (const { name, svg } of figures) await writeWhole(join(folder, name), svg);
  progress.line(`${figures.length} figures are in ${folder}.`);
}

async function usageOf(runs: RunStore, rows: readonly { readonly run_id: string }[]): Promise<ToolUsage[]> {
  const traces: (readonly TraceEvent[])[] = [];
  for (const { run_id } of rows) traces.push((await runs.readTrace(run_id)).events);
  return toolUsage(traces);
}
