import type { TaskEvaluator } from '../tasks/task.js';
import type { EvaluatorName } from './evaluator-name.js';
import { absentScore, type Judgement, unmeasuredScore } from './judgement.js';
import { interval95, mean, sum } from './mean.js';
import type { GenerationRow } from './rows.js';
import type { MessageOf } from './scorer-message.js';

/** The corpus scores over the first so many rows, as sacrebleu computed them. */
export type CorpusScores = MessageOf<'formalisation'>['results'][number];

const CEILING = { value: 1, reason: 'the reference itself' } as const;
const EMPTY = { value: 0, reason: 'no text at all' } as const;

/** Corpus BLEU of the generated texts against the references. Computed by sacrebleu; here it is only put into a record. */
export function judgeBleu(
  evaluator: TaskEvaluator,
  rows: readonly GenerationRow[],
  corpus: CorpusScores,
): Judgement {
  const { value, interval_95, signature } = corpus.bleu;
  return judged(evaluator, rows, {
    value,
    standard_error: interval_95 === null ? null : (interval_95[1] - interval_95[0]) / (2 * 1.96),
    interval_95,
    echo: corpus.echo.bleu,
    unit: `BLEU, ${signature}`,
    beside: { bleu_over_white_space_tokens: corpus.bleu_white_space.value },
  });
}

/** The plain mean of rouge-score's F1 values. */
export function judgeRougeL(
  evaluator: TaskEvaluator,
  rows: readonly GenerationRow[],
  corpus: CorpusScores,
): Judgement {
  const values = rows.map(row => row.rouge_l);
  const value = mean(values);
  const standardError = standardErrorOf(values);
  return judged(evaluator, rows, {
    value,
    standard_error: standardError,
    interval_95: interval95(value, standardError, [0, 1]),
    echo: corpus.echo.rouge_l,
    unit: 'ROUGE-L F1',
    beside: {},
  });
}

interface Found {
  readonly value: number;
  readonly standard_error: number | null;
  readonly interval_95: [number, number] | null;
  readonly echo: number;
  readonly unit: string;
  readonly beside: Record<string, number>;
}

function judged(
  { metric, direction }: TaskEvaluator,
  rows: readonly GenerationRow[],
  { echo, beside, ...found }: Found,
): Judgement {
  return {
    score: {
      version: 1,
      metric,
      direction,
      n: rows.length,
      ...found,
      floors: {
        statement_in_words: {
          value: echo,
          reason: 'measured: the statement in words, handed back as it is, on the same rows',
        },
        empty: EMPTY,
      },
      ceiling: CEILING,
      paper: null,
      beside: {
        ...beside,
        different_texts: mean([new Set(rows.map(row => row.prediction)).size / Math.max(1, rows.length)]),
        empty_texts: mean(rows.map(row => Number(row.prediction === ''))),
      },
    },
    findings: [],
  };
}

function standardErrorOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values);
  return Math.sqrt(sum(values.map(value => (value - middle) ** 2)) / (values.length - 1) / values.length);
}

/** The three numbers of formalisation that a mean is taken of; null where one is absent. */
export interface FormalisationNumbers {
  readonly bleu: number;
  readonly rouge_l: number;
  readonly lean3: number | null;
}

/** The mean of BLEU, ROUGE-L and the share that Lean accepts. Ours: the paper gives no rule for one number. */
export function judgeCombined(
  evaluator: TaskEvaluator,
  rows: readonly GenerationRow[],
  { bleu, rouge_l, lean3 }: FormalisationNumbers,
): Judgement {
  if (lean3 === null) {
    const reason =
      'It is the mean of BLEU, ROUGE-L and the share that Lean 3 accepts, and the last is absent.';
    return { score: unmeasuredScore(evaluator, reason), findings: [] };
  }
  return {
    score: {
      ...absentScore(evaluator, ''),
      value: mean([bleu, rouge_l, lean3]),
      reason: 'ours: the paper gives no rule',
      unit: 'mean of BLEU, ROUGE-L and Lean 3 pass rate (ours: the paper gives no rule)',
      n: rows.length,
      floors: { empty: EMPTY },
      ceiling: CEILING,
      parts: { bleu, rouge_l, lean3 },
    },
    findings: [],
  };
}

/** The rows an evaluator looks at. */
export function rowsOf(rows: readonly GenerationRow[], { rows: count }: EvaluatorName): GenerationRow[] {
  return rows.slice(0, count);
}
