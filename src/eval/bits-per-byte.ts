import type { Finding } from '../runs/outcome.js';
import type { Score } from '../runs/score.js';
import type { TaskEvaluator } from '../tasks/task.js';
import { absentScore, type Judgement } from './judgement.js';
import { groupBy, interval95, mean, sum } from './mean.js';
import type { TextRow } from './rows.js';

/** A piece of text: its bytes and minus its log-likelihood, null where that is not finite. */
type Chunk = Pick<TextRow, 'subtask' | 'bytes' | 'nats'>;

const DIVERGED: Finding = {
  rule: 'loads',
  severity: 'broken',
  message:
    'The model gives a part of the held-out text no finite log-likelihood. Hand in a model whose training did not diverge.',
};

/** Bits per byte of the held-out texts, the mean over the texts. Lower is better. */
export function judgeBitsPerByte(evaluator: TaskEvaluator, rows: readonly TextRow[]): Judgement {
  const measured = bitsPerByte(rows);
  if (measured === null)
    return {
      score: absentScore(evaluator, 'the log-likelihood of the text is not finite'),
      findings: [DIVERGED],
    };
  const { value, standardError, parts } = measured;
  return {
    score: {
      version: 1,
      metric: evaluator.metric,
      value,
      direction: evaluator.direction,
      unit: 'bits per byte',
      n: rows.length,
      standard_error: standardError,
      interval_95: interval95(value, standardError, [0, Number.POSITIVE_INFINITY]),
      floors: floorsOf(rows),
      ceiling: { value: null, reason: 'nobody knows how many bits the text needs at least' },
      paper: null,
      parts,
    },
    findings: [],
  };
}

function floorsOf(rows: readonly TextRow[]): Score['floors'] {
  const untrained = bitsPerByte(rows.map(row => ({ ...row, nats: row.untrained })));
  return {
    untrained: {
      value: untrained?.value ?? null,
      reason: 'measured: a model of the same shape and tokenizer with fresh weights, on the same text',
    },
    every_byte_alike: { value: 8, reason: 'a byte has eight bits' },
  };
}

interface BitsPerByte {
  readonly value: number;
  readonly standardError: number | null;
  readonly parts: Readonly<Record<string, number>>;
}

/** The mean over texts of all bits by all bytes; null if some value is not finite. */
export function bitsPerByte(chunks: readonly Chunk[]): BitsPerByte | null {
  if (chunks.length === 0 || chunks.some(({ nats }) => nats === null)) return null;
  const texts = [...groupBy(chunks, ({ subtask }) => subtask)].map(
    ([name, found]) => [name, ratio(found)] as const,
  );
  const variances = texts.map(([, { variance }]) => variance);
  return {
    value: mean(texts.map(([, { bits }]) => bits)),
    standardError: variances.some(Number.isNaN) ? null : Math.sqrt(sum(variances)) / texts.length,
    parts: Object.fromEntries(texts.map(([name, { bits }]) => [name, bits])),
  };
}

/** A ratio of two sums, and its variance as if the chunks had been drawn one by one. NaN for a single chunk. */
function ratio(chunks: readonly Chunk[]): { bits: number; variance: number } {
  const bytes = sum(chunks.map(chunk => chunk.bytes));
  const bitsOf = ({ nats }: Chunk) => (nats ?? 0) / Math.LN2;
  const bits = sum(chunks.map(bitsOf)) / bytes;
  const n = chunks.length;
  const residuals = sum(chunks.map(chunk => (bitsOf(chunk) - bits * chunk.bytes) ** 2));
  return { bits, variance: n < 2 ? Number.NaN : ((n / (n - 1)) * residuals) / bytes ** 2 };
}
