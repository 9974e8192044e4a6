import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';

const MERGING = join(PACKAGE_ROOT, 'src', 'tasks', 'llm-merging', 'files', 'llm_merging');
const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
const models = join(folder, 'models');
/** As a contestant has it: a copy in the workspace. */
const workspace = join(folder, 'llm_merging');

/** Calls the command line again and again in one process, since loading the libraries takes seconds; nothing else is shared. */
const RESIDENT = `
import contextlib, importlib, io, json, sys, traceback
sys.path.insert(0, "")
for line in sys.stdin:
    call = json.loads(line)
    importlib.invalidate_caches()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            if "args" in call:
                from llm_merging.cli import main
                status = main(call["args"])
            else:
                exec(call["program"], {"given": call["given"]})
                status = 0
        except SystemExit as end:
            status = end.code
        except BaseException:
            traceback.print_exc()
            status = 99
    print(json.dumps({"status": status, "stdout": out.getvalue(), "stderr": err.getvalue()}), flush=True)
`;

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let resident: ChildProcessWithoutNullStreams;
let answers: AsyncIterator<string>;

beforeAll(() => {
  cpSync(MERGING, workspace, { recursive: true });
  const made = spawnSync(
    inject('python'),
    ['-B', join(PACKAGE_ROOT, 'test', 'tasks', 'make_mergeable_models.py'), models],
    { encoding: 'utf8', env: offline() },
  );
  expect(made.stderr).toBe('');
  resident = spawn(inject('python'), ['-B', '-c', RESIDENT], { cwd: workspace, env: offline() });
  answers = createInterface({ input: resident.stdout })[Symbol.asyncIterator]();
});
afterAll(() => {
  resident.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function offline(): NodeJS.ProcessEnv {
  return { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' };
}

async function ask(call: object): Promise<Ended> {
  resident.stdin.write(`${JSON.stringify(call)}\n`);
  const { value } = await answers.next();
  return JSON.parse(value);
}

function merging(...args: string[]): Promise<Ended> {
  return ask({ args });
}

/** Runs a Python program that reads `given`. */
function python(program: string, given: unknown): Promise<Ended> {
  return ask({ program, given });
}

function plan(name: string, value: unknown): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(value));
  return path;
}

function average(name: string, kind: string, more: object = {}): string {
  return plan(name, {
    method: 'weighted_average',
    base: { path: `models/${kind}_a` },
    sources: [
      { path: `models/${kind}_a`, weight: 0.25, published: '2024-01-31' },
      { path: `models/${kind}_b`, weight: 0.75, published: '2024-02-29' },
    ],
    ...more,
  });
}

/** Largest difference between `merged` and the weighted sum of `terms`, over all tensors, by torch itself. */
async function differenceFrom(
  merged: string,
  terms: readonly (readonly [string, number])[],
): Promise<number> {
  const program = `
from llm_merging.checkpoint import Checkpoint
merged, terms = given
result = Checkpoint(merged)
parts = [(Checkpoint(path), weight) for path, weight in terms]
print(max((result.tensor(name) - sum(weight * part.tensor(name) for part, weight in parts)).abs().max().item() for name in result.names()))`;
  const { stdout, stderr } = await python(program, [
    merged,
    terms.map(([name, weight]) => [join(models, name), weight]),
  ]);
  expect(stderr).toBe('');
  return Number(stdout);
}

describe('weighted_average', () => {
  test.each(['gpt2', 't5', 'llama'])(
    'of two %s models is what the weights say, and the submission checks accept it',
    async kind => {
      const out = join(folder, `average_${kind}`);
      const { status, stderr } = await merging(
        'merge',
        '--plan',
        average(`average_${kind}`, kind),
        '--out',
        out,
      );
      expect(stderr).toContain('tensors');
      expect(status).toBe(0);
      expect(
        await differenceFrom(out, [
          [`${kind}_a`, 0.25],
          [`${kind}_b`, 0.75],
        ]),
      ).toBeLessThan(1e-6);
      expect((await inspectModelFolder(out, miniBabyLm.submission)).findings).toEqual([]);
    },
  );

  test('stores what the plan asks for, in shards where one file would be too large', async () => {
    const out = join(folder, 'sharded');
    const program = `
from llm_merging.merge import merge
from llm_merging.plan import read_plan
merge(read_plan(given[0]), given[1], shard_bytes=20_000)`;
    const { stderr, status } = await python(program, [average('sharded', 'gpt2', { dtype: 'float16' }), out]);
    expect([stderr, status]).toEqual(['', 0]);
    expect(readdirSync(out).filter(name => name.endsWith('.safetensors')).length).toBeGreaterThan(1);
    expect(JSON.parse(readFileSync(join(out, 'config.json'), 'utf8')).dtype).toBe('float16');
    expect(
      await differenceFrom(out, [
        ['gpt2_a', 0.25],
        ['gpt2_b', 0.75],
      ]),
    ).toBeLessThan(1e-3);
  });

  test('leaves a record of what was merged from what, beside the package', async () => {
    const out = join(folder, 'recorded');
    const { stdout } = await merging('merge', '--plan', average('recorded', 'gpt2'), '--out', out);
    const lines = readFileSync(join(workspace, 'merges.jsonl'), 'utf8').trimEnd().split('\n');
    const record = JSON.parse(lines.at(-1) ?? '');
    expect(record).toMatchObject({
      version: 1,
      method: { name: 'weighted_average', file: 'weighted_average.py' },
      out,
      sources: [{ weight: 0.25, published: '2024-01-31' }, { weight: 0.75 }],
    });
    expect(record.weights_digest).toBe(JSON.parse(stdout).weights_digest);
  });
});

describe('adapter_average', () => {
  test.each(['gpt2', 't5', 'llama'])(
    'of two %s adapters of different rank is the average of what peft merges',
    async kind => {
      const out = join(folder, `adapters_${kind}`);
      const path = plan(`adapters_${kind}`, {
        method: 'adapter_average',
        base: { path: `models/${kind}_a` },
        sources: [
          { path: `models/${kind}_lora2`, weight: 0.8 },
          { path: `models/${kind}_lora6`, weight: 0.2 },
        ],
      });
      const { status, stderr } = await merging('merge', '--plan', path, '--out', out);
      expect(stderr).toContain('tensors');
      expect(status).toBe(0);
      expect(
        await differenceFrom(out, [
          [`${kind}_lora2_merged`, 0.8],
          [`${kind}_lora6_merged`, 0.2],
        ]),
      ).toBeLessThan(1e-5);
      expect(await differenceFrom(out, [[`${kind}_a`, 1]])).toBeGreaterThan(0.01);
    },
  );
});

describe('evaluate', () => {
  const choices = join(folder, 'choices.csv');
  const summaries = join(folder, 'summaries.csv');
  beforeAll(() => {
    const rows = [0, 1, 2].map(row => `${row},"Some text, ${row}",${row % 2},"['A', 'B']",multiple_choice`);
    writeFileSync(choices, `id,input,target,answer_choices,eval_type\n${rows.join('\n')}\n`);
    writeFileSync(
      summaries,
      'id,input,target,answer_choices,eval_type\n0,"A text.\nA summary is",Something happened.,None,generation\n',
    );
  });

  test.each(['gpt2_a', 't5_a'])('answers options and writes summaries with %s', async model => {
    const { status, stdout } = await merging(
      'evaluate',
      '--model',
      join(models, model),
      '--data',
      choices,
      summaries,
    );
    expect(status).toBe(0);
    const [first, second] = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(first).toMatchObject({ data: choices, rows: 3 });
    expect([0, 1, 2, 3].map(right => right / 3)).toContain(first.accuracy);
    expect(second).toMatchObject({ data: summaries, rows: 1, rouge_l: expect.any(Number) });
  });

  test('limits the rows, and merges and evaluates in one go', async () => {
    const out = join(folder, 'both');
    const { stdout, status } = await merging(
      'run',
      '--plan',
      average('both', 'gpt2'),
      '--out',
      out,
      '--data',
      choices,
      '--limit',
      '2',
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ rows: 2 });
  });

  test.each([
    ['id,input\n0,x\n', 'lacks the column target.'],
    ['input,target,answer_choices,eval_type\n', 'holds no rows.'],
    [
      'input,target,answer_choices,eval_type\nx,7,"[\'A\']",multiple_choice\n',
      'row 1: answer_choices is a list of texts, and target the place of the right one, from 0.',
    ],
    [
      'input,target,answer_choices,eval_type\nx,y,None,essay\n',
      "eval_type is 'essay'; it is multiple_choice or generation.",
    ],
  ])('says what is wrong with a data file %#', async (content, sentence) => {
    const path = join(folder, 'wrong.csv');
    writeFileSync(path, content);
    const { status, stderr } = await merging('evaluate', '--model', join(models, 'gpt2_a'), '--data', path);
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('Traceback');
  });
});

describe('a method of the contestant', () => {
  test('is a file in methods/, found by its name', async () => {
    writeFileSync(
      join(workspace, 'llm_merging', 'methods', 'first.py'),
      'from llm_merging.method import Method\n\nclass First(Method):\n    name = "first"\n\n    def tensors(self):\n        for name in self.base.names():\n            yield name, self.setting("scale", 1.0) * self.sources[0].tensor(name)\n',
    );
    const { stdout } = spawnSync(inject('python'), ['-B', '-m', 'llm_merging', 'methods'], {
      cwd: workspace,
      encoding: 'utf8',
    });
    expect(stdout).toBe('adapter_average\nfirst\nweighted_average\n');
    const out = join(folder, 'first');
    const path = plan('first', {
      method: 'first',
      base: { path: 'models/gpt2_a' },
      sources: [{ path: 'models/gpt2_b' }],
      settings: { scale: 2 },
    });
    expect((await merging('merge', '--plan', path, '--out', out)).status).toBe(0);
    expect(await differenceFrom(out, [['gpt2_b', 2]])).toBeLessThan(1e-6);
  });

  test('that leaves a tensor out is told so, and nothing half-made stays', async () => {
    writeFileSync(
      join(workspace, 'llm_merging', 'methods', 'short.py'),
      'from llm_merging.method import Method\n\nclass Short(Method):\n    name = "short"\n\n    def tensors(self):\n        for name in self.base.names()[1:]:\n            yield name, self.base.tensor(name)\n',
    );
    const out = join(folder, 'short');
    const path = plan('short', {
      method: 'short',
      base: { path: 'models/llama_a' },
      sources: [{ path: 'models/llama_b' }],
    });
    const { status, stderr } = await merging('merge', '--plan', path, '--out', out);
    expect(status).toBe(1);
    expect(stderr).toContain('does not fit its config.json: missing keys');
    expect(readdirSync(folder).filter(name => name.startsWith('short') && !name.endsWith('.json'))).toEqual(
      [],
    );
  });
});

describe('a wrong plan', () => {
  const sources = [{ path: 'models/gpt2_a' }];
  const base = { path: 'models/gpt2_a' };
  test.each<[unknown, string]>([
    [{ base, sources }, 'The plan lacks method.'],
    [{ method: 'best', base, sources }, "There is no merging method 'best'."],
    [{ method: 'weighted_average', base, sources: [] }, 'sources is a list of at least one source.'],
    [{ method: 'weighted_average', base, sources: [{ path: 'nowhere' }] }, 'Source 1: there is no folder'],
    [{ method: 'weighted_average', base, sources: [{ ...base, weight: 'x' }] }, "Source 1: weight is 'x'"],
    [
      { method: 'weighted_average', base, sources: [{ ...base, published: 'May' }] },
      'it is a day such as 2024-01-31.',
    ],
    [{ method: 'weighted_average', base, sources, extra: 1 }, 'The plan has unknown keys: extra.'],
    [{ method: 'weighted_average', base, sources, dtype: 'int8' }, "dtype is 'int8'"],
    [
      { method: 'weighted_average', base, sources: [base, { path: 'models/llama_a' }] },
      'They must be of one architecture.',
    ],
    [{ method: 'adapter_average', base, sources }, 'adapter_average merges LoRA adapters, and'],
    [{ method: 'adapter_average', base, sources: [{ path: 'models/llama_lora2' }] }, 'which the base'],
  ])('is refused in one sentence: %#', async (value, sentence) => {
    const { status, stderr } = await merging(
      'merge',
      '--plan',
      plan('wrong', value),
      '--out',
      join(folder, 'never'),
    );
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain('Traceback');
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'never'))).toBe(false);
  });

  test('does not write over a model that is there', async () => {
    const out = join(folder, 'there');
    mkdirSync(out);
    writeFileSync(join(out, 'config.json'), '{}');
    const { stderr, status } = await merging('merge', '--plan', average('there', 'gpt2'), '--out', out);
    expect([stderr.trimEnd(), status]).toEqual([
      `${out} is not empty. Give a new folder, or empty it first.`,
      1,
    ]);
  });
});
