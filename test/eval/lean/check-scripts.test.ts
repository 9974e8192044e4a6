import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { checkScripts } from '../../../src/eval/lean/check-scripts.js';
import { judgeLean } from '../../../src/eval/lean/lean-score.js';
import { type LocalLeanOptions, localLean } from '../../../src/eval/lean/local-lean.js';
import { NO_LEAN } from '../../../src/eval/lean/run-lean.js';
import type { GenerationRow, LeanRow } from '../../../src/eval/rows.js';

/*
 * Lean 3 cannot be had where these tests run. `fake-lean.py` replays recorded outputs; all else is real: the process, its limits, the files, the parsing.
 */
const REFERENCE = 'theorem r (n : ℕ) : n + 0 = n :=\nbegin\n  sorry\nend';
const STATISTICS = { lengths: [0, 0], matches: [0, 0, 0, 0], totals: [0, 0, 0, 0] } as const;

function row(item: number, prediction: string): GenerationRow {
  const bleu = {
    lengths: [...STATISTICS.lengths],
    matches: [0, 0, 0, 0],
    totals: [0, 0, 0, 0],
  } as GenerationRow['bleu_stats']['bleu'];
  return {
    suite: 'formalisation',
    item,
    name: `problem_${item}`,
    reference: REFERENCE,
    prediction,
    rouge_l: 0,
    bleu_stats: { bleu, bleu_white_space: bleu },
  };
}

function place(changes: Partial<LocalLeanOptions> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const program = join(root, 'lean');
  copyFileSync(join(import.meta.dirname, 'fake-lean.py'), program);
  chmodSync(program, 0o755);
  mkdirSync(join(root, 'scratch'));
  const run = localLean({ program, path: '/mathlib/src', memoryMb: 4096, timeLimitS: 20, ...changes });
  const options = {
    run,
    scratch: join(root, 'scratch'),
    rowsFolder: join(root, 'rows'),
    onProgress: () => undefined,
    signal: new AbortController().signal,
  };
  return { root, options };
}

async function check(prediction: string, changes: Partial<LocalLeanOptions> = {}): Promise<LeanRow> {
  const [verdict] = await checkScripts([row(0, prediction)], place(changes).options);
  if (verdict === undefined) throw new Error('a verdict is expected');
  return verdict;
}

test('a proof that Lean takes is clean; it also states what was asked if the statement is the reference’s', async () => {
  expect(await check('theorem mine (n : ℕ) : n + 0 = n := by simp')).toMatchObject({
    verdict: 'accepted',
    compiles: true,
    is_clean: true,
    states_theorem: true,
  });
  expect(await check('theorem x : true := trivial')).toMatchObject({
    verdict: 'accepted',
    is_clean: true,
    states_theorem: false,
  });
});

test.each([
  ['theorem x : 1 = 2 := sorry', 'incomplete', 'left out'],
  ['-- case_axiom\ntheorem x : 1 = 1 := rfl', 'incomplete', 'axioms of its own: my_axiom'],
  ['-- case_unknown\ntheorem x : 1 = 1 := rfl', 'incomplete', 'could not say'],
  ['-- a text that declares nothing', 'incomplete', 'declares nothing'],
  ['', 'incomplete', 'declares nothing'],
])('%j compiles and is not clean', async (script, verdict, reason) => {
  expect(await check(script)).toMatchObject({
    verdict,
    compiles: true,
    is_clean: false,
    reason: expect.stringContaining(reason),
  });
});

test.each([
  ['-- case_error\ntheorem x : 1 = 2 := rfl', 'failed', 'line 7: type mismatch'],
  ['-- case_deterministic_timeout\ntheorem x : 1 = 2 := rfl', 'timeout', 'limit'],
  ['-- case_memory\ntheorem x : 1 = 2 := rfl', 'timeout', 'limit'],
  ['run_cmd tactic.trace 1', 'refused', 'not run: it holds run_cmd'],
])('%j does not compile', async (script, verdict, reason) => {
  expect(await check(script)).toMatchObject({
    verdict,
    compiles: false,
    is_clean: false,
    reason: expect.stringContaining(reason),
  });
});

test('a script over which Lean hangs is stopped, and leaves nothing behind', async () => {
  const { root, options } = place({ timeLimitS: 1 });
  const [verdict] = await checkScripts([row(0, '-- case_endless\ntheorem x : true := trivial')], options);
  expect(verdict?.verdict).toBe('timeout');
  expect(readdirSync(join(root, 'scratch', 'lean'))).toEqual([]);
});

test('a flood of messages costs no more than is kept, and is no success', async () => {
  expect((await check('-- case_flood\ntheorem x : true := trivial')).is_clean).toBe(false);
});

test('Lean is called with its limits, without variables of this process, and finds the libraries', async () => {
  const { root, options } = place();
  await checkScripts([row(0, 'theorem x : true := trivial')], options);
  const [first] = readFileSync(join(root, 'scratch', 'calls.txt'), 'utf8')
    .trimEnd()
    .split('\n');
  const { arguments: given, environment, path } = JSON.parse(first ?? '');
  expect(given).toEqual(['--json', '-j1', '-T100000', '-M4096', 'candidate.lean']);
  expect(
    environment.filter((name: string) => !['PWD', 'SHLVL', '_', 'OLDPWD', 'LC_CTYPE'].includes(name)),
  ).toEqual(['HOME', 'LANG', 'PATH']);
  expect(path).toBe('builtin_path\npath .\npath /mathlib/src\n');
});

test('a check that was stopped goes on behind the last verdict', async () => {
  const { root, options } = place();
  const scripts = ['theorem a : true := trivial', 'theorem b : true := trivial'].map((text, at) =>
    row(at, text),
  );
  await checkScripts(scripts.slice(0, 1), options);
  const calls = () =>
    readFileSync(join(root, 'scratch', 'calls.txt'), 'utf8')
      .trimEnd()
      .split('\n').length;
  const before = calls();
  expect(await checkScripts(scripts, options)).toHaveLength(2);
  expect(calls()).toBe(2 * before);
});

test('a Lean that is not there is the operator’s to mend', async () => {
  await expect(check('theorem x : true := trivial', { program: '/nowhere/lean' })).rejects.toThrow(
    ConfigError,
  );
});

const EVALUATOR = {
  id: 'lean3',
  metric: 'lean3',
  direction: 'higher_is_better',
  description: 'test',
} as const;

test('three numbers are kept apart; the value is the share that is accepted', async () => {
  const scripts = [
    'theorem mine (n : ℕ) : n + 0 = n := by simp',
    'theorem x : true := trivial',
    'theorem x : 1 = 2 := sorry',
    '-- case_error\ntheorem x : 1 = 2 := rfl',
  ].map((text, at) => row(at, text));
  const verdicts = await checkScripts(scripts, place().options);
  const { score } = judgeLean(EVALUATOR, scripts, verdicts, null);
  expect(score).toMatchObject({
    value: 0.5,
    n: 4,
    beside: { lean_exits_0: 0.75, clean: 0.5, clean_and_states_the_reference: 0.25, different_texts: 1 },
  });
});

test('without Lean the pass rate is absent, with what the operator does, and never 0', () => {
  const { score } = judgeLean(EVALUATOR, [row(0, 'x')], [], NO_LEAN.absent);
  expect(score).toMatchObject({
    value: null,
    host_lacks: true,
    reason: expect.stringContaining('lean.image or lean.program'),
  });
});
