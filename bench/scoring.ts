import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { evaluationPython } from '../src/cli/evaluation-python.js';
import { loadConfig } from '../src/config.js';
import { importFolder } from '../src/data/import-folder.js';
import { evaluateModel } from '../src/eval/evaluate-model.js';
import { prepareEvaluationData } from '../src/eval/evaluation-data.js';
import { ROWS_FILE } from '../src/eval/output-files.js';
import { parseRows } from '../src/eval/rows.js';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';
import { ensurePythonEnvironment } from '../src/lib/python-environment.js';
import { miniBabyLm } from '../src/tasks/mini-baby-lm/task.js';
import type { TaskEvaluator } from '../src/tasks/task.js';
import { figure, say } from './support/print.js';

const TEST_DATA = resolve(process.env.MLRB_TEST_DATA ?? join(PACKAGE_ROOT, '..', 'shared', 'data'));
const NEVER = new AbortController().signal;
const HELPERS = join(PACKAGE_ROOT, 'test', 'eval');
const BARE_BATCH = 64;

/** The scorer against the bare harness, on the same items with the same small model; and a second evaluation of the same weights. */
export async function scoring(): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  try {
    const python = await pythonHere();
    const model = makeModel(python, root);
    const place = { home: join(root, 'home'), packageData: join(PACKAGE_ROOT, 'data') };
    await compare('blimp', { python, model, root, place });
    if (!existsSync(join(TEST_DATA, 'mmlu')))
      return say(
        `MMLU is left out: there is no benchmark data in ${TEST_DATA} (MLRB_TEST_DATA names the folder)`,
      );
    const options = { signal: NEVER, mayDiffer: false, again: false, onProgress: () => undefined };
    await importFolder(TEST_DATA, place, options);
    await compare('mmlu', { python, model, root, place });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function pythonHere(): Promise<string> {
  const config = loadConfig({ flags: {}, env: process.env });
  const spec = { ...evaluationPython(config), signal: NEVER, onProgress: () => undefined };
  return (await ensurePythonEnvironment(spec)).python;
}

function makeModel(python: string, root: string): string {
  const text = join(HELPERS, 'formulas.test.ts');
  run(python, [join(HELPERS, 'make-suite-models.py'), text, join(root, 'models')], root);
  return join(root, 'models', 'bpe');
}

interface Bench {
  readonly python: string;
  readonly model: string;
  readonly root: string;
  readonly place: { readonly home: string; readonly packageData: string };
}

type Choices = ReadonlyMap<string, number>;

async function compare(suite: 'blimp' | 'mmlu', bench: Bench): Promise<void> {
  const rows = Number(process.env.MLRB_BENCH_ROWS ?? 0);
  const id = rows === 0 ? suite : `${suite}@${rows}`;
  const evaluator: TaskEvaluator = { id, metric: id, direction: 'higher_is_better', description: 'bench' };
  await prepareEvaluationData([evaluator], bench.place, NEVER);
  const bare = await bareHarness(suite, rows, bench);
  const first = await ours(evaluator, bench);
  const second = await ours(evaluator, bench);
  const same = [...bare.choices].filter(([item, choice]) => first.choices.get(item) === choice).length;
  const speeds = `bare harness ${bare.seconds.toFixed(1)} s; ours ${first.scoringSeconds.toFixed(1)} s in scoring, ${first.seconds.toFixed(1)} s in all`;
  say(`${id}, ${bare.choices.size} items: ${speeds}; again ${second.seconds.toFixed(2)} s`);
  figure(`${id}: items with the same choice`, `${same} of ${bare.choices.size}`, 'all');
  const { scoringSeconds, seconds } = first;
  figure(
    `${id}: the bare harness takes, times our start and scoring`,
    ratio(bare.seconds, first.startSeconds + scoringSeconds),
    'at least 3',
  );
  figure(
    `${id}: the same, with the untrained floor and all that stands beside`,
    ratio(bare.seconds, seconds),
    '–',
  );
  figure(
    `${id}: a second evaluation of the same weights is faster`,
    ratio(seconds, second.seconds),
    'at least 50',
  );
}

function ratio(one: number, other: number): string {
  return `${(one / other).toFixed(1)} times`;
}

/** The command line of the harness with its own `hf` model class, in float32, over the same local files. */
async function bareHarness(
  suite: string,
  rows: number,
  { python, model, root, place }: Bench,
): Promise<{ seconds: number; choices: Choices }> {
  const tasks = join(root, 'tasks', suite);
  const output = join(root, 'bare', suite);
  await mkdir(tasks, { recursive: true });
  run(python, [join(HELPERS, 'bare_harness.py'), tasks, join(place.home, 'data', 'eval'), suite], root);
  const began = performance.now();
  run(
    python,
    [
      ...['-m', 'lm_eval', 'run', '--model', 'hf', '--model_args', `pretrained=${model},dtype=float32`],
      ...['--tasks', suite, '--include_path', tasks, '--device', 'cpu', '--batch_size', String(BARE_BATCH)],
      ...['--log_samples', '--output_path', output],
      ...(rows === 0 ? [] : ['--limit', String(rows)]),
    ],
    root,
  );
  return { seconds: (performance.now() - began) / 1000, choices: bareChoices(suite, output) };
}

function bareChoices(suite: string, output: string): Choices {
  const choices = new Map<string, number>();
  for (const name of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    const task = new RegExp(`samples_${suite}_(.*)_\\d{4}-\\d\\d-\\d\\dT.*\\.jsonl$`).exec(name)?.[1];
    if (task === undefined) continue;
    for (const line of readFileSync(join(output, name), 'utf8').trimEnd().split('\n')) {
      const { doc_id, resps } = JSON.parse(line);
      choices.set(`${task} ${doc_id}`, best(resps.map((response: unknown[][]) => Number(response[0]?.[0]))));
    }
  }
  return choices;
}

/** The whole evaluation as `mlrb evaluate --model` does it, and the parts of it that the bare harness has too. */
async function ours(evaluator: TaskEvaluator, { python, model, root, place }: Bench) {
  const outputFolder = await mkdtemp(join(root, 'out-'));
  const step = `scoring ${evaluator.id.replace(/@.*/, '')}`;
  const began = performance.now();
  let [scoring, ended] = [Number.NaN, Number.NaN];
  const { outcome, findings } = await evaluateModel({
    task: miniBabyLm,
    evaluators: [evaluator],
    modelFolder: model,
    python: async () => python,
    home: place.home,
    outputFolder,
    settings: { device: 'cpu', memory_gb: 16, time_limit_min: 120 },
    onProgress: progress => {
      if (progress.step !== step) return;
      if (Number.isNaN(scoring)) scoring = performance.now();
      ended = performance.now();
    },
    signal: NEVER,
  });
  if (outcome !== 'valid')
    throw new Error(`the model of the bench is ${outcome}: ${JSON.stringify(findings)}`);
  const rows = parseRows(readFileSync(join(outputFolder, ROWS_FILE), 'utf8'));
  return {
    seconds: (performance.now() - began) / 1000,
    startSeconds: (scoring - began) / 1000,
    scoringSeconds: (ended - scoring) / 1000,
    choices: new Map(
      rows.flatMap(row =>
        'values' in row ? [[`${row.subtask} ${row.item}`, best(row.values.map(Number))] as const] : [],
      ),
    ) as Choices,
  };
}

/** The first of the highest, as the harness takes it. */
function best(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function run(program: string, args: readonly string[], home: string): void {
  const offline = {
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    TQDM_DISABLE: '1',
  };
  execFileSync(program, ['-B', ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: homedir(),
      HF_HOME: join(home, 'hf'),
      OMP_WAIT_POLICY: 'PASSIVE',
      ...offline,
    },
    stdio: ['ignore', 'ignore', 'ignore'],
    maxBuffer: 1e8,
  });
}
