import { z } from 'zod';
import { type Column, renderTable } from '../../report/render.js';
import { resultRow } from '../../report/result-row.js';
import { number } from '../../report/results-table.js';
import type { Run } from '../../runs/run.js';
import { RunStore } from '../../runs/run-store.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { judgedRuns } from '../judged-runs.js';

interface Line {
  readonly run: Run;
  readonly outcome: string;
  readonly value: number | null;
}

const COLUMNS: readonly Column<Line>[] = [
  { heading: 'run', cell: ({ run }) => run.run_id },
  { heading: 'task', cell: ({ run }) => run.task_id },
  { heading: 'contestant', cell: ({ run }) => run.principal },
  { heading: 'state', cell: ({ run }) => run.state },
  { heading: 'outcome', cell: ({ outcome }) => outcome },
  { heading: 'value', cell: ({ value }) => number(value), right: true },
  { heading: 'created', cell: ({ run }) => run.created_at.slice(0, 16).replace('T', ' ') },
];

export const runs = defineCommand({
  name: 'runs',
  summary: 'the runs that are there, newest last',
  options: [JSON_OPTION],
  examples: [
    ['mlrb runs', 'every run with its state, outcome and score'],
    ['mlrb runs --json', 'their records; `mlrb report --json` has the scores'],
  ],
  input: z.object({ json: JsonFlag }),
  async run({ json }, { config, print, progress }) {
    const found = await judgedRuns(new RunStore(config.home), [], progress);
    if (json) {
      print(
        JSON.stringify(
          found.map(({ run }) => run),
          null,
          2,
        ),
      );
      return 0;
    }
    if (found.length === 0) {
      print('There are no runs yet. `mlrb demo` makes some.');
      return 0;
    }
    const lines = found.map(judged => ({
      run: judged.run,
      outcome: judged.run.outcome ?? '–',
      value: resultRow(judged).value,
    }));
    print(renderTable(COLUMNS, lines));
    return 0;
  },
});
