import { expect, test } from 'vitest';
import { filterTokens } from '../../../src/eval/lean/token-filter.js';

const PROOF = 'theorem two (n : ℕ) : n = n :=\nbegin\n  refl,\nend';

test.each([
  ['a proof', PROOF],
  [
    'a proof with imports of mathlib',
    `import data.real.basic tactic\nimport algebra.big_operators.basic\n${PROOF}`,
  ],
  ['words in a comment', `/- a constant /- meta -/ axiom -/ -- unsafe\n${PROOF}`],
  ['words in a string', `def s := "meta constant axiom"\n${PROOF}`],
  ['names that only look alike', 'theorem metaphor (constant_c : ℕ) : constant_c = constant_c := rfl'],
  [
    'a variable named like a namespace',
    'theorem t (studio : ℕ) (h : studio.succ = 1) : studio = 0 := by omega',
  ],
])('%s goes on to Lean', (_, script) => {
  expect(filterTokens(script)).toEqual({ refusal: null, isIncomplete: false });
});

test.each([
  ['run_cmd tactic.trace 1'],
  ['#eval 1'],
  ['theorem x : true := by { tactic.unsafe_run_io (io.cmd {cmd := "sh"}), trivial }'],
  ['theorem x : true := by { tactic.«unsafe_run_io» foo }'],
  ['import system.io\ntheorem x : true := trivial'],
  ['open io\ntheorem x : true := trivial'],
  ['-- run_cmd in a comment is refused as well: no disagreement on comments lets it through\nrun_cmd x'],
  ['meta def f := 1'],
  ['@[instance] axiom foo : false'],
  ['constants (a b : false)'],
  ['#exit\nrubbish'],
  ['def q := \'"\' meta def f := 1 -- "'],
  ['/-- a comment for documentation /- ends here -/ meta def f := 1 /- -/'],
  ['import my.own.file\ntheorem x : true := trivial'],
  ['import data.nat.basic evil\ntheorem x : true := trivial'],
  ['theorem x : 1 = 2 := by polyrith'],
])('%s is refused before Lean runs', script => {
  expect(filterTokens(script).refusal).not.toBeNull();
});

test.each([
  'theorem x : 1 = 2 := sorry',
  'theorem x : 1 = 2 := by { admit }',
  'theorem x : 1 = 2 := by tactic.admit',
])('%s goes on to Lean, and is known to be incomplete', script => {
  expect(filterTokens(script)).toEqual({ refusal: null, isIncomplete: true });
});

test('a nested comment ends where Lean ends it', () => {
  expect(filterTokens('/- /- -/ " -/ axiom foo : false -- "').refusal).toContain('axiom');
});
