import { intervalOfMean, standardError } from '../lib/interval-of-mean.js';
import type { Score } from '../runs/score.js';
import type { Direction } from '../tasks/task.js';
import { WIKITEXT_FILE } from './evaluation-data.js';
import { mean } from './mean.js';
import type { MessageOf } from './scorer-message.js';

/** What the resource metrics are made from. */
export interface Measured {
  readonly parameters: number | null;
  readonly bytes: number;
  readonly generation: MessageOf<'generation'>;
  readonly memory: MessageOf<'memory'>;
  readonly perplexity: MessageOf<'perplexity'>;
  /** Whether the text for the perplexity was at hand. */
  readonly hasText: boolean;
}

/** What every submission costs, beside its score: size, memory, speed, and perplexity where the text for it is at hand. */
export function measureScores({
  parameters,
  bytes,
  generation,
  memory,
  perplexity,
  hasText,
}: Measured): Score[] {
  return [
    measure('parameters', 'lower_is_better', {
      unit: 'parameters',
      value: parameters,
      n: 1,
      reason: 'counted from the shapes of the tensors',
    }),
    measure('bytes_on_disk', 'lower_is_better', {
      unit: 'bytes',
      value: bytes,
      n: 1,
      reason: 'all files of the submission',
    }),
    measure('peak_memory', 'lower_is_better', {
      unit: 'bytes',
      value: memory.peak_bytes,
      n: 1,
      reason: MEMORY_REASONS[memory.kind],
      beside: { before_loading: memory.before_bytes },
    }),
    ...speedScores(generation.speed),
    ...perplexityScores(hasText ? perplexity : NO_TEXT),
  ];
}

const MEMORY_REASONS = {
  resident:
    'highest resident memory of the scoring process up to the end of loading and a short generation, the libraries included; before_loading is what it held without the model',
  gpu: 'highest GPU memory allocated up to the end of loading and a short generation',
} as const;

interface Value {
  readonly unit: string;
  readonly value: number | null;
  readonly n: number;
  readonly reason: string;
  /** Where it is the mean of several measurements: those. */
  readonly values?: readonly number[];
  readonly beside?: Record<string, number>;
}

function measure(metric: string, direction: Direction, { values = [], value, ...rest }: Value): Score {
  return {
    version: 1,
    metric,
    direction,
    value,
    standard_error: standardError(values),
    interval_95: intervalOfMean(values),
    floors: {},
    ceiling: { value: null, reason: 'the metric has none' },
    paper: null,
    ...rest,
  };
}

function speedScores(speed: MessageOf<'generation'>['speed']): Score[] {
  if (speed === null) {
    const absent = { value: null, n: 0, reason: 'the model failed to generate' };
    return [
      measure('ms_per_new_token', 'lower_is_better', { unit: 'ms', ...absent }),
      measure('new_tokens_per_second', 'higher_is_better', { unit: 'tokens/s', ...absent }),
    ];
  }
  const n = speed.seconds.length;
  const reason = `greedy generation of ${speed.new_tokens} new tokens, ${n} times after one that warms up, one sequence at a time`;
  const perToken = speed.seconds.map(seconds => (1000 * seconds) / speed.new_tokens);
  const perSecond = speed.seconds.map(seconds => speed.new_tokens / seconds);
  return [
    measure('ms_per_new_token', 'lower_is_better', {
      unit: 'ms',
      value: mean(perToken),
      n,
      reason,
      values: perToken,
    }),
    measure('new_tokens_per_second', 'higher_is_better', {
      unit: 'tokens/s',
      value: mean(perSecond),
      n,
      reason,
      values: perSecond,
    }),
  ];
}

const NO_TEXT = {
  measured: null,
  reason: `WikiText-2's test text is not on this host: the operator puts it at ${WIKITEXT_FILE} in the home folder and evaluates again.`,
} as const;

function perplexityScores({
  measured,
  reason,
}: Pick<MessageOf<'perplexity'>, 'measured' | 'reason'>): Score[] {
  const per = { word: measured?.words, token: measured?.tokens };
  return (['word', 'token'] as const).map(unit => {
    const count = per[unit] ?? 0;
    const value = measured?.nats == null || count === 0 ? null : Math.exp(measured.nats / count);
    return measure(`wikitext2_${unit}_perplexity`, 'lower_is_better', {
      unit: `per ${unit}`,
      value: value !== null && Number.isFinite(value) ? value : null,
      n: count,
      reason:
        reason ??
        (value === null
          ? 'the log-likelihood of the text is not finite'
          : "WikiText-2's test text, each token predicted once"),
    });
  });
}
