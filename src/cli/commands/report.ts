import { z } from 'zod';
import { averages } from '../../report/averages.js';
import { resultRow } from '../../report/result-row.js';
import { REPORT_FORMATS, renderAverages, renderResults } from '../../report/results-table.js';
import { RunStore } from '../../runs/run-store.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { judgedRuns } from '../judged-runs.js';

export const report = defineCommand({
  name: 'report',
  summary: 'results of all runs or of some, and their averages',
  details:
    'Averages show both means: over all runs with failures as zero, and over valid runs. Runs that failed through our own fault count in neither.',
  arguments: [['[run...]', 'runs by id; all where none is named']],
  options: [
    ['--task <id>', 'only this task'],
    ['--contestant <name>', 'only this contestant'],
    ['--format <format>', `${REPORT_FORMATS.join(', ')} [table]`],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb report', 'two tables: runs and averages'],
    ['mlrb report --task mini_baby_lm --format csv > results.csv', 'the runs of one task for a spreadsheet'],
  ],
  input: z.object({
    run: z.array(z.string()).default([]),
    task: z.string().optional(),
    contestant: z.string().optional(),
    format: z.enum(REPORT_FORMATS).default('table'),
    json: JsonFlag,
  }),
  async run({ run, task, contestant, format, json }, { config, print, progress }) {
    const judged = await judgedRuns(new RunStore(config.home), run, progress);
    const rows = judged
      .map(resultRow)
      .filter(row => (task ?? row.task) === row.task && (contestant ?? row.contestant) === row.contestant);
    if (json || format === 'json') {
      print(JSON.stringify({ runs: rows, averages: averages(rows) }, null, 2));
    } else if (rows.length === 0) {
      print('No run fits. `mlrb runs` lists what is there.');
    } else if (format === 'csv') {
      print(renderResults(rows, 'csv'));
    } else {
      print([renderResults(rows, format), '', renderAverages(averages(rows), format)].join('\n'));
    }
    return 0;
  },
});
