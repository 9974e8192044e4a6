import { expect, test } from 'vitest';
import { declarations, statesSame } from '../../../src/eval/lean/declarations.js';

test('declarations are named with the namespaces they stand in', () => {
  const script = `
namespace outer
theorem one : 1 = 1 := rfl
namespace inner
lemma two : 2 = 2 := rfl
end inner
def three := 3
end outer
theorem four : true := trivial
/- theorem in_a_comment : false := sorry -/
`;
  expect(declarations(script).map(({ name }) => name)).toEqual([
    'outer.one',
    'outer.inner.two',
    'outer.three',
    'four',
  ]);
});

const REFERENCE = `theorem aime_1983_p1
  (x y : ℕ) (h : 1 < x ∧ 1 < y) :
  x * y > 1 :=
begin
  sorry
end`;

test('a text states the reference under another name, with other spaces and another proof', () => {
  const script = 'lemma mine (x y : ℕ)\n(h : 1 < x ∧ 1 < y) : x * y > 1 := by nlinarith [h.1, h.2]';
  expect(statesSame(script, REFERENCE)).toBe(true);
});

test('a text that states something easier does not state the reference', () => {
  expect(statesSame('theorem aime_1983_p1 : true := trivial', REFERENCE)).toBe(false);
});

test('a default value in a binder does not end the statement', () => {
  expect(declarations('theorem t (n : ℕ := 0) : n = n := rfl')[0]?.statement).toBe('( n : ℕ := 0 ) : n = n');
});
