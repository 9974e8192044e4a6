import { z } from 'zod';
import { findScript } from '../../agent/find-script.js';
import { averages } from '../../report/averages.js';
import { type ResultRow, resultRow } from '../../report/result-row.js';
import { renderAverages, renderResults } from '../../report/results-table.js';
import { findTask } from '../../tasks/tasks.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { composeHost } from '../compose.js';
import { playRun } from '../contest.js';
import { knownTasks } from '../known-tasks.js';
import { readyPython } from '../python-environment-here.js';

export const agent = defineCommand({
  name: 'agent',
  summary: 'let a contestant of ours play a task, over the same interface as any other',
  details:
    'Scripted contestants need no model: `script:nop`, and for the small tasks `script:base`, `script:reference` and `script:cheat`. `mlrb controls` plays them all.',
  options: [
    ['--task <id>', 'the task'],
    ['--model <provider:name>', 'the contestant'],
    ['--runs <n>', 'how many runs, one after the other [1]'],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb agent --task mini_baby_lm --model script:reference', 'one run, and its score'],
    ['mlrb agent --task mini_baby_lm --model script:base --runs 3', 'three runs, and their average'],
  ],
  input: z.object({
    task: z.string('a task is needed, and `mlrb tasks` lists them'),
    model: z.string('a contestant is needed, for example script:reference'),
    runs: z.coerce
      .number('a whole number from 1 to 1000')
      .int('a whole number')
      .min(1, 'at least 1')
      .max(1000, 'at most 1000')
      .default(1),
    json: JsonFlag,
  }),
  async run({ task, model, runs, json }, context) {
    const taskId = findTask(knownTasks(context.config), task).task.id;
    findScript(model, taskId);
    const { config, signal, log, progress, print } = context;
    const host = composeHost(config, { signal, log });
    await readyPython(config, context);
    const rows: ResultRow[] = [];
    for (let round = 1; round <= runs; round += 1) {
      progress.line(`${model} plays ${taskId}${runs > 1 ? `, run ${round} of ${runs}` : ''}.`);
      const judged = await playRun({ taskId, model, host }, context);
      rows.push(resultRow(judged));
      progress.line(
        `  ${judged.run.run_id}: ${judged.run.outcome ?? judged.run.state}, in ${host.runs.folder(judged.run.run_id).root}`,
      );
    }
    if (json) print(JSON.stringify({ runs: rows, averages: averages(rows) }, null, 2));
    else
      print(
        [renderResults(rows, 'table'), ...(runs > 1 ? [renderAverages(averages(rows), 'table')] : [])].join(
          '\n',
        ),
      );
    return rows.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
  },
});
