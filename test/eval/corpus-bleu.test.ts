import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { judgeBleu, judgeCombined, judgeRougeL } from '../../src/eval/formalisation.js';
import { GenerationRow } from '../../src/eval/rows.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const REFERENCES = [
  'theorem add_zero_is (n : ℕ) : n + 0 = n :=\nbegin\n  simp,\nend',
  'theorem two_le (x : ℝ) (h : 2 ≤ x) : 4 ≤ x * x :=\nbegin\n  nlinarith,\nend',
  'lemma even_square (n : ℕ) (h : even n) : even (n * n) :=\nbegin\n  exact h.mul_left n,\nend',
];
const PREDICTIONS = [
  'theorem add_zero_is (n : ℕ) : n + 0 = n :=\nbegin\n  refl,\nend',
  'theorem two_le (x : ℝ) (h : 2 ≤ x) : 4 ≤ x * x := sorry',
  '',
];

/** What `docker/eval/formalisation.py` writes for these texts. */
function measured() {
  const script = `
import json, os, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 3)
sys.path.insert(0, ${JSON.stringify(join(PACKAGE_ROOT, 'docker', 'eval'))})
from formalisation import FormalisationSuite
references, predictions = json.loads(sys.argv[1])
os.makedirs("data", exist_ok=True)
suite = FormalisationSuite.__new__(FormalisationSuite)
from rouge_score import rouge_scorer
suite.rouge = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
suite.rows = [{"name": str(k), "formal_proof": r, "informal_statement": r} for k, r in enumerate(references)]
suite.limits = [2, 3]
rows = [suite.row(k, row, text) for k, (row, text) in enumerate(zip(suite.rows, predictions))]
print(json.dumps({"rows": rows, "results": suite.summary(rows)}))
`;
  const argument = JSON.stringify([REFERENCES, PREDICTIONS]);
  const output = execFileSync(inject('python'), ['-B', '-c', script, argument], {
    encoding: 'utf8',
    cwd: '/tmp',
  });
  return JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
}

const EVALUATOR = { id: 'x', metric: 'x', direction: 'higher_is_better', description: 'test' } as const;
const { rows: found, results } = measured();
const rows = GenerationRow.array().parse(found);

type Statistics = GenerationRow['bleu_stats']['bleu'];

/** BLEU-4 from its counts: the geometric mean of four precisions, and less for what is too short. */
function bleuByHand(kind: 'bleu' | 'bleu_white_space', over: readonly GenerationRow[]): number {
  const total = (of: (statistics: Statistics) => number | undefined) =>
    over.map(row => of(row.bleu_stats[kind]) ?? 0).reduce((sum, count) => sum + count, 0);
  const logs = [0, 1, 2, 3].map(at =>
    Math.log(total(({ matches }) => matches[at]) / total(({ totals }) => totals[at])),
  );
  const [made, wanted] = [total(({ lengths }) => lengths[0]), total(({ lengths }) => lengths[1])];
  const brevity = made < wanted ? Math.exp(1 - wanted / made) : 1;
  return brevity * Math.exp(logs.reduce((sum, log) => sum + log, 0) / 4);
}

test('BLEU is sacrebleu’s, unsmoothed, from 0 to 1: recomputed by hand from the counts of each text', () => {
  for (const result of results) {
    expect(result.bleu.value).toBeCloseTo(bleuByHand('bleu', rows.slice(0, result.rows)), 9);
    expect(result.bleu_white_space.value).toBeCloseTo(
      bleuByHand('bleu_white_space', rows.slice(0, result.rows)),
      9,
    );
    expect(result.bleu.signature).toContain('tok:13a|smooth:none');
  }
  const { score } = judgeBleu(EVALUATOR, rows, results[1]);
  expect(score).toMatchObject({
    value: results[1].bleu.value,
    n: 3,
    interval_95: results[1].bleu.interval_95,
  });
  expect(score.beside).toMatchObject({ empty_texts: 1 / 3, different_texts: 1 });
  expect(score.floors.statement_in_words?.value).toBeCloseTo(1, 9); // here the words are the reference
});

test('ROUGE-L is the plain mean of the F1 values, and an empty text has none', () => {
  const { score } = judgeRougeL(EVALUATOR, rows, results[1]);
  expect(rows[2]?.rouge_l).toBe(0);
  expect(score.value).toBeCloseTo(((rows[0]?.rouge_l ?? 0) + (rows[1]?.rouge_l ?? 0)) / 3, 12);
});

test('the mean of the three is marked as ours, and absent where Lean is', () => {
  const numbers = { bleu: 0.2, rouge_l: 0.4, lean3: 0.3 };
  expect(judgeCombined(EVALUATOR, rows, numbers).score).toMatchObject({
    value: expect.closeTo(0.3, 12),
    unit: expect.stringContaining('ours: the paper gives no rule'),
  });
  const absent = judgeCombined(EVALUATOR, rows, { ...numbers, lean3: null }).score;
  expect(absent).toMatchObject({
    value: null,
    host_lacks: true,
    reason: expect.stringContaining('the last is absent'),
  });
});
