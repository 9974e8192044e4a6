import { InputError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';

/** Pairs in each subtask of BLiMP. */
const ALL_PAIRS = 1000;

/** An evaluator by its parts: `blimp@100` is BLiMP on the first 100 rows of each subtask. */
export interface EvaluatorName {
  readonly id: string;
  readonly suite: 'blimp';
  /** Rows of each subtask. */
  readonly rows: number;
}

/** @throws InputError for a name that no evaluator has; it lists those that there are. */
export function parseEvaluator(id: string): EvaluatorName {
  const [, rows] = /^blimp(?:@([1-9]\d{0,3}))?$/.exec(id) ?? [id, null];
  if (rows === null || Number(rows ?? 1) > ALL_PAIRS)
    throw new InputError(unknownName('evaluator', id, KNOWN));
  return { id, suite: 'blimp', rows: rows === undefined ? ALL_PAIRS : Number(rows) };
}

const KNOWN = ['blimp', `blimp@N (N rows of each subtask, 1 to ${ALL_PAIRS})`];
