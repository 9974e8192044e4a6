import type { TaskEvaluator } from './task.js';

/**
 * How a submission is asked, for each kind of evaluator among those given, in words for the contestant. The kind is the evaluator's id up to
 * `@`. What is said here is done in `docker/eval`.
 */
export function scoringMethod(evaluators: readonly TaskEvaluator[]): string {
  const kinds = new Set(evaluators.map(({ id }) => id.replace(/@.*$/, '')));
  const methods = [...new Set([...kinds].flatMap(kind => METHODS.get(kind) ?? []))];
  return [...methods, NUMBERS].join('\n\n');
}

const NUMBERS =
  'Log-likelihoods are computed and summed in float32, whatever the weights are stored as. A text that is too long for the model loses its beginning. A value that is not finite counts as wrong.';

const BLIMP =
  "BLiMP: each sentence of a pair is scored by itself. The log-likelihoods of its tokens are summed, after the tokenizer's BOS token (EOS if it has none), with a space before the first word.";
const SUPER_GLUE =
  "SuperGLUE: asked without examples (0-shot), with the prompts of lm-evaluation-harness (`super-glue-lm-eval-v1`). The answers are words, such as yes and no, or sentences; the one with the highest log-likelihood after the prompt is the model's.";
const MMLU =
  "MMLU: asked without examples (0-shot), with the prompt of lm-evaluation-harness: a line that names the subject, the question, the four options lettered A to D, and `Answer:`. The letter with the highest log-likelihood is the model's answer.";
const BITS_PER_BYTE =
  'Bits per byte: the held-out text goes through the model in windows as long as its positions allow, at most 1,024 tokens; each token is predicted once, from those before it in its window. The sum of the negative log-likelihoods in bits is divided by the number of bytes of the text in UTF-8, so models with different tokenizers can be compared.';

const METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ['blimp', [BLIMP]],
  ['super_glue', [SUPER_GLUE]],
  ['mmlu', [MMLU]],
  ['bits_per_byte', [BITS_PER_BYTE]],
]);
