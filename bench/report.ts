import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';
import type { Run } from '../src/runs/run.js';
import { RunStore } from '../src/runs/run-store.js';
import type { Evaluation } from '../src/runs/score.js';
import { figure, median, say } from './support/print.js';

const RUNS = 1000;
const CALLS = 25;
const SUBTASKS = 67;
const ROUNDS = 5;

/** `mlrb report` over many runs, against a program that reads the same JSON files bare. */
export async function report(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  const runs = new RunStore(home);
  for (let n = 0; n < RUNS; n += 1) writeRun(n, runs);
  const main = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
  const commands = {
    'reading the files bare': ['-e', READ_BARE, home],
    report: [main, 'report', '--home', home],
    'report --json': [main, 'report', '--json', '--home', home],
    'report --tools': [main, 'report', '--tools', '--home', home],
    'reading the traces bare': ['-e', READ_TRACES_BARE, home],
  } as const;
  const times = new Map<string, number[]>(Object.keys(commands).map(name => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, args] of Object.entries(commands)) times.get(name)?.push(await timeOf(args));
  }
  await rm(home, { recursive: true, force: true });
  const took = (name: keyof typeof commands) => median(times.get(name) ?? []);
  for (const name of times.keys())
    say(`${name}, ${RUNS} runs, median: ${(took(name as keyof typeof commands) / 1000).toFixed(2)} s`);
  const ratio = (name: keyof typeof commands, bare: keyof typeof commands) =>
    `${(took(name) / took(bare)).toFixed(1)} x`;
  figure(
    `mlrb report over ${RUNS} runs, against reading the same files bare`,
    ratio('report', 'reading the files bare'),
    'at most 5 x',
  );
  figure('the same as JSON', ratio('report --json', 'reading the files bare'), 'at most 5 x');
  figure(
    'the same with the use of tools, against reading the traces bare too',
    ratio('report --tools', 'reading the traces bare'),
    'at most 8 x',
  );
}

const READ_BARE = `
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const runs = join(process.argv[1], 'runs');
const read = (...path) => JSON.parse(readFileSync(join(runs, ...path), 'utf8'));
const all = readdirSync(runs).map(id => [read(id, 'run.json'), read(id, 'evaluation', 'evaluation.json')]);
console.log(all.length);`;

const READ_TRACES_BARE = `${READ_BARE}
const events = readdirSync(runs).flatMap(id =>
  readFileSync(join(runs, id, 'trace.jsonl'), 'utf8').trimEnd().split('\\n').map(line => JSON.parse(line).type));
console.log(events.length);`;

async function timeOf(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`it ended with ${code}`);
  return performance.now() - began;
}

function writeRun(n: number, runs: RunStore): void {
  const run = runOf(n);
  const folder = runs.folder(run.run_id);
  mkdirSync(folder.evaluation, { recursive: true });
  writeFileSync(folder.record, JSON.stringify(run, null, 2));
  writeFileSync(folder.evaluationRecord, JSON.stringify(evaluationOf(n), null, 2));
  writeFileSync(folder.trace, traceOf(n));
}

const AT = '2026-01-01T10:00:00.000Z';
const DIGEST = 'a'.repeat(64);

function runOf(n: number): Run {
  const files = [
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ];
  return {
    version: 1,
    run_id: `run_${n.toString(16).padStart(16, '0')}`,
    task_id: 'mini_baby_lm',
    task_version: 1,
    principal: `agent-${n % 10}`,
    note: null,
    state: 'evaluated',
    sandbox: 'local',
    network: 'unrestricted',
    budget: { wall_clock_min: 20, cpus: 2, memory_gb: 4, disk_gb: 2, gpus: 0 },
    created_at: new Date(Date.parse(AT) + n * 1000).toISOString(),
    started_at: AT,
    deadline_at: AT,
    ended_at: AT,
    submission: {
      submitted_at: AT,
      at_deadline: false,
      model_path: 'submission',
      claimed_metric: 'about 0.6',
      note: null,
      files: files.map(path => ({ path, bytes: 1000, sha256: DIGEST })),
      bytes: 5000,
      parameters: 1000,
      digest: DIGEST,
    },
    outcome: 'valid',
    reason: null,
  };
}

function evaluationOf(n: number): Evaluation {
  const value = 0.5 + (n % 100) / 1000;
  const score = (metric: string) => ({
    version: 1 as const,
    metric,
    value,
    direction: 'higher_is_better' as const,
    unit: 'accuracy',
    n: 6700,
    standard_error: 0.005,
    interval_95: [value - 0.01, value + 0.01] as [number, number],
    floors: { untrained: { value: 0.46 }, first_option: { value: 0.5 } },
    ceiling: { value: 1 },
    paper: null,
  });
  const parts = Object.fromEntries(
    Array.from({ length: SUBTASKS }, (_, subtask) => [`subtask_${subtask}`, value]),
  );
  return {
    version: 1,
    state: 'done',
    requested_at: AT,
    starts: 1,
    finished_at: AT,
    progress: { step: 'done', done: 1, total: 1 },
    outcome: 'valid',
    findings: [],
    scores: [
      { ...score('blimp@100'), parts, beside: { harness_acc: value, tie_share: 0 }, rows_path: 'rows.jsonl' },
      ...['parameters', 'bytes_on_disk', 'peak_memory', 'ms_per_new_token', 'new_tokens_per_second'].map(
        score,
      ),
    ],
    provenance: {
      evaluator: 'blimp@100',
      evaluator_version: '1-0123456789ab',
      harness: 'lm_eval 0.4',
      libraries: { torch: '2.0', transformers: '5.0' },
      data_digest: DIGEST,
      weights_digest: DIGEST,
      device: 'cpu',
      dtype: 'float32',
      batch_size: 64,
      seconds: 30,
    },
    from_cache: false,
  };
}

function traceOf(n: number): string {
  const events = Array.from({ length: CALLS }, (_, index) => {
    const call = `call_${index}`;
    const tool = ['run_bash', 'read_code', 'write_code'][index % 3] ?? 'thought';
    const frame = { at: AT, seq: `${n}-${index}` };
    return [
      {
        ...frame,
        type: 'tool_call',
        call,
        tool,
        input: { script: 'x'.repeat(200) },
        client: 'bench',
        protocol: '2025-11-25',
      },
      {
        ...frame,
        type: 'tool_answer',
        call,
        tool,
        ok: true,
        text: 'y'.repeat(300),
        error: null,
        detail: null,
        duration_ms: 1,
      },
    ];
  });
  return events
    .flat()
    .map(event => `${JSON.stringify(event)}\n`)
    .join('');
}
