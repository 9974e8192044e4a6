import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BLIMP } from '../../src/eval/blimp.js';
import { judgeChoices } from '../../src/eval/choice-score.js';
import type { ChoiceSuite } from '../../src/eval/choice-suite.js';
import { MMLU } from '../../src/eval/mmlu.js';
import { MMLU_CATEGORIES } from '../../src/eval/mmlu-categories.js';
import { ChoiceRow } from '../../src/eval/rows.js';
import { SUPER_GLUE } from '../../src/eval/super-glue.js';
import { needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';

/*
 * What the harness wrote for a small random model on the first rows of every task, with its own `hf` model class: made by `agreement.py` with a "fixture". The
 * formulas are computed here a second time, from its log-likelihoods and in other words.
 */
const Numbers = z.record(z.string(), z.number());
const Sample = z.object({
  doc_id: z.number(),
  target: z.number().nullable(),
  gold: z.array(z.number()),
  resps: z.array(z.number()),
  acc: z.number().optional(),
  em: z.number().optional(),
  f1: z.number().optional(),
});
type Sample = z.infer<typeof Sample>;
const Output = z.object({
  lm_eval: z.string(),
  results: z.record(z.string(), Numbers),
  groups: z.record(z.string(), Numbers),
  samples: z.record(z.string(), z.array(Sample)),
});

const output = Output.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/harness/causal.json'), 'utf8')),
);
const ALL = { direction: 'higher_is_better', description: 'test' } as const;

/** The harness's samples of the tasks whose names `subtaskOf` knows, as rows of ours. */
function rowsOf(suite: ChoiceRow['suite'], subtaskOf: (task: string) => string | undefined): ChoiceRow[] {
  return Object.entries(output.samples).flatMap(([task, samples]) => {
    const subtask = subtaskOf(task);
    if (subtask === undefined) return [];
    return samples.map(({ doc_id: item, gold, resps, acc, em, f1 }) =>
      ChoiceRow.parse({
        suite,
        subtask,
        item,
        gold,
        values: resps,
        untrained: resps.map(() => -1),
        harness: JSON.parse(JSON.stringify({ acc, em, f1 })),
      }),
    );
  });
}

function scoreOf(suite: ChoiceSuite, rows: readonly ChoiceRow[]) {
  const name = { id: suite.name, suite: suite.name, rows: 1000 };
  return judgeChoices({ ...ALL, id: suite.name, metric: suite.name }, name, suite, rows).score;
}

function average(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}

/** The number of the option that the harness chooses: the first of the highest. */
function chosen({ resps }: Sample): number {
  return resps.indexOf(Math.max(...resps));
}

function samplesOf(task: string): Sample[] {
  const samples = output.samples[task];
  if (samples === undefined) throw new Error(`the stored output has no ${task}`);
  return samples;
}

const PARTS = ['boolq', 'cb', 'copa', 'multirc', 'record', 'sglue_rte', 'wic', 'wsc'];

test('BLiMP by hand from a real output: the mean over 67 subtasks, which is also what the harness prints', () => {
  const tasks = Object.keys(output.samples).filter(task => task.startsWith('blimp_'));
  expect(tasks).toHaveLength(67);
  const byHand = average(
    tasks.map(task => average(samplesOf(task).map(each => (chosen(each) === 0 ? 1 : 0)))),
  );
  const score = scoreOf(
    BLIMP,
    rowsOf('blimp', task => /^blimp_(.*)$/.exec(task)?.[1]),
  );
  expect(score.value).toBeCloseTo(byHand, 12);
  expect(score.value).toBeCloseTo(output.groups.blimp?.acc ?? -1, 12);
});

describe('MMLU by hand from a real output', () => {
  const rows = rowsOf('mmlu', task => /^mmlu_(.*)$/.exec(task)?.[1]);
  const accuracy = (subject: string) =>
    average(samplesOf(`mmlu_${subject}`).map(each => (chosen(each) === each.target ? 1 : 0)));
  const score = scoreOf(MMLU, rows);

  test('is the mean of four categories, each the mean of its subjects', () => {
    expect(Object.values(MMLU_CATEGORIES).map(subjects => subjects.length)).toEqual([18, 13, 12, 14]);
    const categories = Object.values(MMLU_CATEGORIES).map(subjects => average(subjects.map(accuracy)));
    expect(score.value).toBeCloseTo(average(categories), 12);
    expect(Object.keys(score.parts ?? {})).toHaveLength(57);
  });

  test('stands beside the harness’s own number, which weighs questions, and the paper’s average of five numbers', () => {
    const { mmlu, mmlu_stem, mmlu_humanities, mmlu_social_sciences, mmlu_other } = output.groups;
    const five = [mmlu, mmlu_stem, mmlu_humanities, mmlu_social_sciences, mmlu_other].map(
      group => group?.acc ?? -1,
    );
    expect(score.beside?.accuracy_over_all_questions_harness).toBeCloseTo(five[0] ?? -1, 12);
    expect(score.beside?.accuracy_over_all_questions).toBeCloseTo(five[0] ?? -1, 12); // nothing ties
    expect(score.beside?.paper_five_number_average).toBeCloseTo(average(five), 12);
  });

  test('has a standard error that adds up the subjects’, each by its weight in the mean of means', () => {
    let variance = 0;
    for (const subjects of Object.values(MMLU_CATEGORIES))
      for (const subject of subjects) {
        const p = accuracy(subject);
        variance += (p * (1 - p)) / (samplesOf(`mmlu_${subject}`).length - 1) / (4 * subjects.length) ** 2;
      }
    expect(score.standard_error).toBeCloseTo(Math.sqrt(variance), 12);
  });
});

describe('SuperGLUE by hand from a real output', () => {
  const rows = rowsOf('super_glue', task => (PARTS.includes(task) ? task.replace('sglue_', '') : undefined));
  const score = scoreOf(SUPER_GLUE, rows);
  const multirc = samplesOf('multirc');
  /** The first option says that the answer is correct; `target` is the data set's label, 1 where it is. */
  const corrected = average(multirc.map(each => ((chosen(each) === 0 ? 1 : 0) === each.target ? 1 : 0)));

  test('is the mean of eight, with MultiRC the right way round', () => {
    const others = PARTS.filter(task => task !== 'multirc').map(task =>
      average(samplesOf(task).map(each => (each.gold.includes(chosen(each)) ? 1 : 0))),
    );
    expect(score.value).toBeCloseTo(average([...others, corrected]), 12);
    expect(score.parts?.multirc).toBeCloseTo(corrected, 12);
  });

  test('MultiRC in the harness is the other way round: its number and ours are each other’s complement', () => {
    const harness = output.results.multirc?.acc ?? -1;
    expect(harness).toBeCloseTo(1 - corrected, 12);
    expect(score.beside?.multirc_harness).toBeCloseTo(harness, 12);
  });

  test('every other task agrees with the harness’s own number', () => {
    for (const task of PARTS.filter(name => name !== 'multirc')) {
      const { acc, em } = output.results[task] ?? {};
      expect(score.parts?.[task.replace('sglue_', '')]).toBeCloseTo(acc ?? em ?? -1, 12);
    }
    const harness = PARTS.map(task => output.results[task]?.acc ?? output.results[task]?.em ?? -1);
    expect(score.beside?.mean_harness).toBeCloseTo(average(harness), 12);
    expect(score.beside?.record_f1_harness).toBeCloseTo(output.results.record?.f1 ?? -1, 12);
  });
});

test.each([BLIMP, MMLU, SUPER_GLUE])('in $name a tie and a value that is not finite are wrong', suite => {
  const [subtask = ''] = suite === MMLU ? ['astronomy'] : ['one'];
  const row = { suite: suite.name, subtask, untrained: [-1, -2], harness: { acc: 1 } };
  const options = [
    { gold: [0], values: [-1, -1] },
    { gold: [0], values: [null, -1] },
    { gold: [0], values: [-1, null] },
    { gold: [0], values: [-1, -2] },
  ];
  const score = scoreOf(
    suite,
    options.map((each, item) => ChoiceRow.parse({ ...row, ...each, item })),
  );
  expect(score.value).toBe(0.25);
  expect(score.beside).toMatchObject({ tie_share: 0.25, non_finite_share: 0.5 });
});

test('an item with several right options is right if the best of them beats every wrong one', () => {
  const row = { suite: 'super_glue', subtask: 'record', untrained: [-1, -2, -3], harness: { em: 0, f1: 0 } };
  const values = [
    [-1, -5, -1],
    [-1, -1, -5],
    [-5, -1, -5],
  ];
  const rows = values.map((each, item) => ChoiceRow.parse({ ...row, gold: [0, 2], values: each, item }));
  expect(scoreOf(SUPER_GLUE, rows).value).toBeCloseTo(1 / 3, 12);
});

describe.skipIf(testDataLack !== undefined)(needsTestData('the floor of MMLU'), () => {
  test('who always takes the first option gets, by the paper’s average, the number that several of its runs and a baseline have', () => {
    const rows = Object.values(MMLU_CATEGORIES).flatMap(subjects =>
      subjects.flatMap(subtask => {
        const lines = readFileSync(join(TEST_DATA, 'mmlu', subtask, 'test.jsonl'), 'utf8')
          .trimEnd()
          .split('\n');
        return lines.map((line, item) => {
          const answer: number = JSON.parse(line).answer;
          const values = [-1, -2, -2, -2];
          const harness = { acc: answer === 0 ? 1 : 0 };
          return ChoiceRow.parse({
            suite: 'mmlu',
            subtask,
            item,
            gold: [answer],
            values,
            untrained: values,
            harness,
          });
        });
      }),
    );
    const score = judgeChoices(
      { ...ALL, id: 'mmlu', metric: 'mmlu' },
      { id: 'mmlu', suite: 'mmlu', rows: 10_000 },
      MMLU,
      rows,
    ).score;
    expect(score.n).toBe(14_042);
    expect(score.beside?.paper_five_number_average?.toFixed(4)).toBe('0.2282');
    expect(score.floors.always_first_option?.value).toBe(score.value);
    expect(score.floors.chance?.value).toBeCloseTo(0.25, 12);
  });
});
