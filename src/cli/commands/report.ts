import { z } from 'zod';
import { averages } from '../../report/averages.js';
import { resultRow } from '../../report/result-row.js';
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
    'Averages show both means: over all runs with failures as zero, and over valid runs. Runs that failed through our own fault count in neither. Values of different metrics, versions of an evaluator or versions of a task are never averaged: each has a line, and runs without a score count in all of them.',
  arguments: [['[run...]', 'runs by id; all where none is named']],
  options: [
    ['--task <id>', 'only this task'],
    ['--contestant <name>', 'only this contestant'],
    ['--format <format>', `${REPORT_FORMATS.join(', ')} [table]`],
    ['--tools', 'also how often each tool was called and failed, from the traces; not in csv'],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb report', 'two tables: runs and averages'],
    ['mlrb report --tools', 'a third table: the tools that were used'],
    ['mlrb report --task mini_baby_lm --format csv > results.csv', 'the runs of one task for a spreadsheet'],
  ],
  input: z.object({
    run: z.array(z.string()).default([]),
    task: z.string().optional(),
    contestant: z.string().optional(),
    format: z.enum(REPORT_FORMATS).default('table'),
    tools: z.boolean().default(false),
    json: JsonFlag,
  }),
  async run({ run, task, contestant, format, tools, json }, { config, print, progress }) {
    const runs = new RunStore(config.home);
    const judged = await judgedRuns(runs, run, progress);
    const rows = judged
      .map(resultRow)
      .filter(row => (task ?? row.task) === row.task && (contestant ?? row.contestant) === row.contestant);
    const usage = tools ? await usageOf(runs, rows) : undefined;
    if (json || format === 'json') {
      const report = {
        runs: rows,
        averages: averages(rows),
        ...(usage === undefined ? {} : { tools: usage }),
      };
      print(JSON.stringify(report, null, 2));
    } else if (rows.length === 0) {
      print('No run fits. `mlrb runs` lists what is there.');
    } else if (format === 'csv') {
      print(renderResults(rows, 'csv'));
    } else {
      const tables = [renderResults(rows, format), renderAverages(averages(rows), format)];
      print([...tables, ...(usage === undefined ? [] : [renderToolUsage(usage, format)])].join('\n\n'));
    }
    return 0;
  },
});

async function usageOf(runs: RunStore, rows: readonly { readonly run_id: string }[]): Promise<ToolUsage[]> {
  const traces: (readonly TraceEvent[])[] = [];
  for (const { run_id } of rows) traces.push((await runs.readTrace(run_id)).events);
  return toolUsage(traces);
}
