import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../errors.js';
import { evaluateModel } from '../../eval/evaluate-model.js';
import { evaluateRun } from '../../eval/evaluate-run.js';
import { unknownName } from '../../lib/suggest.js';
import type { Finding } from '../../runs/outcome.js';
import { RunStore } from '../../runs/run-store.js';
import type { Provenance, Score } from '../../runs/score.js';
import type { Task, TaskEvaluator } from '../../tasks/task.js';
import { findTask } from '../../tasks/tasks.js';
import { type CommandContext, defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { composeLean, composeScorer } from '../compose-scoring.js';
import { enterEvaluation } from '../evaluation-process.js';
import { resolveRunId } from '../judged-runs.js';
import { knownTasks } from '../known-tasks.js';
import { readyPython } from '../python-environment-here.js';
import { findingLines, provenanceLines, scoreLines } from '../score-text.js';

export const evaluate = defineCommand({
  name: 'evaluate',
  summary: "score a submitted run (again), or any model folder by a task's rules",
  details:
    'Scoring repeats nothing that is in the cache: the same weights under the same evaluator are scored once.',
  arguments: [['[run]', 'a run by its id, the beginning of it, or `last`']],
  options: [
    ['--task <id>', 'with --model: the task whose rules and formula count'],
    ['--model <dir>', 'a model folder, instead of a run'],
    ['--evaluator <name>', "one of the task's evaluators or options, instead of its own"],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb evaluate last', 'score the newest run, or score it again'],
    ['mlrb evaluate --task mini_baby_lm --model ./my-model', 'check and score a folder, without a run'],
    ['mlrb evaluate --task mini_baby_lm --model ./my-model --evaluator blimp', 'the same on all of BLiMP'],
  ],
  input: z.object({
    run: z.string().optional(),
    task: z.string().optional(),
    model: z.string().optional(),
    evaluator: z.string().optional(),
    json: JsonFlag,
  }),
  async run({ run, task, model, evaluator, json }, context) {
    if (run !== undefined && model === undefined && task === undefined) {
      return scoreRun(run, { evaluator, json }, context);
    }
    if (run === undefined && model !== undefined && task !== undefined) {
      const { task: wanted } = findTask(knownTasks(context.config), task);
      return scoreFolder(wanted, model, { evaluator, json }, context);
    }
    throw new InputError('Give either a run, or --task and --model together. See `mlrb evaluate --help`.');
  },
});

interface How {
  readonly evaluator: string | undefined;
  readonly json: boolean;
}

async function scoreRun(given: string, { evaluator, json }: How, context: CommandContext): Promise<number> {
  const { config, print } = context;
  const runs = new RunStore(config.home);
  const before = await runs.read(await resolveRunId(runs, given));
  const tasks = knownTasks(config);
  const { task } = findTask(tasks, before.task_id);
  await using _entered = await enterEvaluation(before.run_id, runs);
  const run = await evaluateRun(before.run_id, {
    runs,
    tasks,
    ...(evaluator === undefined ? {} : { evaluators: [findEvaluator(task, evaluator)] }),
    ...common(context),
  });
  const evaluation = await runs.readEvaluation(run.run_id);
  if (json) print(JSON.stringify({ run, evaluation: evaluation ?? null }, null, 2));
  else if (evaluation !== undefined)
    print(resultText(`${run.run_id}: ${run.outcome ?? run.state}`, evaluation));
  return run.outcome === 'failed' ? 1 : 0;
}

async function scoreFolder(
  task: Task,
  model: string,
  { evaluator, json }: How,
  context: CommandContext,
): Promise<number> {
  const folder = resolve(model);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new InputError(
      `There is no folder ${folder}. Name the folder that holds config.json and the weights.`,
    );
  }
  const result = await evaluateModel({
    task,
    evaluators: evaluator === undefined ? task.evaluators : [findEvaluator(task, evaluator)],
    modelFolder: folder,
    outputFolder: join(context.config.home, 'evaluations', new Date().toISOString().replaceAll(/[:.]/g, '-')),
    ...common(context),
  });
  context.print(json ? JSON.stringify(result, null, 2) : resultText(`${folder}: ${result.outcome}`, result));
  return 0;
}

function common(context: CommandContext) {
  const { config, signal, progress } = context;
  return {
    home: config.home,
    settings: config.evaluation,
    python: () => readyPython(config, context),
    startScorer: composeScorer(config),
    lean: composeLean(config),
    onProgress: ({ step, done, total }: { step: string; done: number; total: number }) =>
      progress.step(step, total > 1 ? `${done} of ${total}` : undefined),
    onNotice: (sentence: string) => progress.line(sentence),
    signal,
  };
}

function findEvaluator(task: Task, name: string): TaskEvaluator {
  const known = [...task.evaluators, ...task.options];
  const found = known.find(({ id }) => id === name);
  if (found !== undefined) return found;
  throw new InputError(
    unknownName(
      'evaluator',
      name,
      known.map(({ id }) => id),
    ),
  );
}

interface Judgement {
  readonly scores: readonly Score[];
  readonly findings: readonly Finding[];
  readonly provenance?: Provenance | undefined;
  readonly from_cache: boolean;
}

function resultText(heading: string, { scores, findings, provenance, from_cache }: Judgement): string {
  return [
    heading,
    ...scores.flatMap(scoreLines),
    ...findings.flatMap(findingLines),
    ...(provenance === undefined ? [] : provenanceLines(provenance)),
    ...(from_cache ? ['  taken from the cache: these weights had been scored before'] : []),
  ].join('\n');
}
