import type { TaskEvaluator } from './task.js';

/**
 * How a submission is asked, for each kind of evaluator among those given, in words for the contestant. The kind is the evaluator's id up to
 * `@`. What is said here is done in `docker/eval`.
 */
export function scoringMethod(evaluators: readonly TaskEvaluator[]): string {
  const kinds = new Set(evaluators.map(({ id }) => id.replace(/@.*$/, '')));
  const methods = [...kinds].flatMap(kind => METHODS.get(kind) ?? []);
  const choices = [...kinds].some(kind => CHOOSING.includes(kind)) ? [CHOICES] : [];
  return [...new Set(methods), ...choices].join('\n\n');
}

const BLIMP =
  "BLiMP: each sentence of a pair is scored by itself. The log-likelihoods of its tokens are summed, after the tokenizer's BOS token (EOS if it has none), with a space before the first word.";
const SUPER_GLUE =
  "SuperGLUE: asked without examples (0-shot), with the prompts of lm-evaluation-harness (`super-glue-lm-eval-v1`). The answers are words, such as yes and no, or sentences; the one with the highest log-likelihood after the prompt is the model's.";
const MMLU =
  "MMLU: asked without examples (0-shot), with the prompt of lm-evaluation-harness: a line that names the subject, the question, the four options lettered A to D, and `Answer:`. The letter with the highest log-likelihood is the model's answer.";
const CHOICES =
  'Log-likelihoods are computed and summed in float32, whatever the weights are stored as. Ties and values that are not finite count as wrong. A prompt that is too long for the model loses its beginning; an answer has to fit.';

const BITS_PER_BYTE = `Bits per byte: the held-out text is cut into pieces of whole lines, of 1,000 bytes or a little more. Each is scored by itself in float32, after the tokenizer's BOS token (EOS if it has none): every token is predicted once, from those before it. The sum of the negative log-likelihoods in bits is divided by the number of bytes in UTF-8, so models with different tokenizers can be compared. For that, the tokenizer has to keep every character: decoding the tokens of a text gives the text back.`;

const FORMALISATION = `The model is given each problem as this text (an encoder-decoder as the input of its encoder), and writes on greedily, without sampling, up to its EOS token or 512 tokens, or half of its positions where that is less:

    Statement: {informal_statement}
    Proof: {informal_proof}
    Formal proof:

A line break follows the last colon; the formal proof is expected directly after it, then EOS. A prompt that leaves no room for an answer loses its beginning. White space around the answer does not count.`;

const METHODS: ReadonlyMap<string, string> = new Map([
  ['blimp', BLIMP],
  ['super_glue', SUPER_GLUE],
  ['mmlu', MMLU],
  ['bits_per_byte', BITS_PER_BYTE],
  ['bleu', FORMALISATION],
  ['rouge_l', FORMALISATION],
  ['lean3', FORMALISATION],
  ['combined', FORMALISATION],
]);
const CHOOSING: readonly string[] = ['blimp', 'super_glue', 'mmlu'];
