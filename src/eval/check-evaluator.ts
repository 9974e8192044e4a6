import { DATASETS } from '../data/datasets.js';
import { InputError } from '../errors.js';
import type { Direction, TaskEvaluator } from '../tasks/task.js';
import { type EvaluatorKind, parseEvaluator } from './evaluator-name.js';

/**
 * Holds what a manifest says of an evaluator against what there is: a name, the metric that bears it, its direction, and data of the kind it scores on.
 * @throws InputError in one sentence that names the field and what it takes.
 */
export function checkEvaluator({ id, metric, direction, data }: TaskEvaluator): void {
  const { suite } = parseEvaluator(id);
  if (metric !== id)
    throw new InputError(`The evaluator "${id}" yields the metric "${id}", not "${metric}". Write that.`);
  if (direction !== directionOf(suite))
    throw new InputError(`The evaluator "${id}" is "${directionOf(suite)}", not "${direction}". Write that.`);
  checkData(id, data ?? [], scoredOn(suite));
}

function directionOf(suite: EvaluatorKind): Direction {
  return suite === 'bits_per_byte' ? 'lower_is_better' : 'higher_is_better';
}

interface ScoredOn {
  readonly known: readonly string[];
  readonly most: number;
}

/** What an evaluator can be given; nothing where its name says it. */
function scoredOn(suite: EvaluatorKind): ScoredOn {
  const known = DATASETS.filter(({ role }) => role === 'eval');
  const ids = (wanted: readonly string[]) => known.map(({ id }) => id).filter(id => wanted.includes(id));
  if (suite === 'blimp' || suite === 'mmlu' || suite === 'super_glue') return { known: [], most: 0 };
  if (suite !== 'bits_per_byte')
    return { known: ids(['minif2f_heldout', 'math_reasoning_heldout']), most: 1 };
  const texts = known.filter(({ format }) => format === 'text').map(({ id }) => id);
  return { known: texts, most: texts.length };
}

function checkData(id: string, data: readonly string[], { known, most }: ScoredOn): void {
  if (most === 0 && data.length > 0)
    throw new InputError(`The evaluator "${id}" says by its name what it scores on. Leave "data" out.`);
  const other = data.find(name => !known.includes(name));
  const wanted = `${most === 1 ? 'one' : 'one or more'} of ${known.join(', ')}`;
  if (other !== undefined)
    throw new InputError(`The evaluator "${id}" cannot score on "${other}": its "data" takes ${wanted}.`);
  if (most > 0 && (data.length === 0 || data.length > most))
    throw new InputError(`The evaluator "${id}" needs "data": ${wanted}.`);
}
