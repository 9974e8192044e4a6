import { InputError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';

/** What an evaluator is made from, with the rows that its largest subtask can have; null where it takes no `@N`. */
const KINDS = {
  blimp: 1000,
  mmlu: 1534,
  super_glue: 10_000,
  bits_per_byte: null,
  bleu: 10_000,
  rouge_l: 10_000,
  lean3: 10_000,
  combined: 10_000,
} as const;
export type EvaluatorKind = keyof typeof KINDS;

/** An evaluator by its parts: `blimp@100` is BLiMP on the first 100 rows of each subtask. */
export interface EvaluatorName {
  readonly id: string;
  readonly suite: EvaluatorKind;
  /** Rows of each subtask. */
  readonly rows: number;
}

/** @throws InputError for a name that no evaluator has; it lists those that there are. */
export function parseEvaluator(id: string): EvaluatorName {
  const [, name = '', rows] = /^([a-z0-9_]+?)(?:@([1-9]\d{0,4}))?$/.exec(id) ?? [];
  if (!isKind(name)) throw unknown(id);
  const most = KINDS[name];
  if (rows !== undefined && (most === null || Number(rows) > most)) throw unknown(id);
  return { id, suite: name, rows: rows === undefined ? (most ?? Number.MAX_SAFE_INTEGER) : Number(rows) };
}

function isKind(name: string): name is EvaluatorKind {
  return Object.hasOwn(KINDS, name);
}

function unknown(id: string): InputError {
  const known = Object.entries(KINDS).flatMap(([name, most]) =>
    most === null ? [name] : [name, `${name}@N (N rows of each subtask, 1 to ${most})`],
  );
  return new InputError(unknownName('evaluator', id, known));
}
