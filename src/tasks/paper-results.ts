/** One line of tables 4 and 5 of the paper: what it published for a task. */
export interface PaperResult {
  readonly task: string;
  /** The evaluator that measures the same, by its id. */
  readonly evaluator: string;
  /** As the paper names it. */
  readonly metric: string;
  readonly baseline: number;
  /** Five runs of each agent; 0 is a failed run. */
  readonly runs: Readonly<Record<string, readonly number[]>>;
  /** What is known to be wrong with these numbers, a sentence each. */
  readonly faults: readonly string[];
}

const GPT_4O = 'gpt-4o';
const CLAUDE = 'claude-3.5-sonnet';

const FIVE_NUMBERS =
  'Its MMLU is the mean of five printed numbers (overall and four categories), not of the four categories that the text names.';
const ALWAYS_FIRST =
  'The values 0.227 and 0.228 are what a collapsed model gets that always takes the first option.';

/**
 * Tables 4 and 5 of the paper (arXiv 2410.22553), in their order. Its one number for formalisation stands at the mean of the three, though it does
 * not say how it was made.
 */
export const paperResults: readonly PaperResult[] = [
  {
    task: 'mini_pile',
    evaluator: 'super_glue',
    metric: 'SuperGLUE',
    baseline: 0.466,
    runs: { [GPT_4O]: [0, 0, 0.457, 0, 0], [CLAUDE]: [0, 0.526, 0.555, 0.555, 0.532] },
    faults: [
      'Some runs handed in flan-t5-base or what may be pretrained gpt2, so they are not pretraining from scratch; the task forbids neither.',
      "MultiRC's options are inverted in the harness that the paper used.",
    ],
  },
  {
    task: 'baby_lm',
    evaluator: 'blimp',
    metric: 'BLiMP',
    baseline: 0.542,
    runs: { [GPT_4O]: [0.523, 0.54, 0, 0, 0.52], [CLAUDE]: [0.552, 0.531, 0.508, 0.543, 0.553] },
    faults: [
      'All values lie at the level of untrained models: the data came as six rows, which were cut to six sequences.',
    ],
  },
  {
    task: 'llm_merging',
    evaluator: 'mmlu',
    metric: 'MMLU',
    baseline: 0.421,
    runs: { [GPT_4O]: [0, 0, 0, 0, 0], [CLAUDE]: [0.253, 0, 0.335, 0.253, 0.25] },
    faults: [
      FIVE_NUMBERS,
      'Values near 0.25 are chance; the best merges two copies of one model, without the package that the task demands.',
    ],
  },
  {
    task: 'edge_llm_compression',
    evaluator: 'mmlu',
    metric: 'MMLU',
    baseline: 0.228,
    runs: { [GPT_4O]: [0.267, 0, 0.228, 0.228, 0.542], [CLAUDE]: [0.551, 0.228, 0.516, 0.516, 0.516] },
    faults: [
      FIVE_NUMBERS,
      ALWAYS_FIRST,
      'The baseline is such a collapsed model; phi-2 unchanged keeps all rules and gets about the best value.',
    ],
  },
  {
    task: 'edge_llm_training',
    evaluator: 'super_glue',
    metric: 'SuperGLUE',
    baseline: 0.461,
    runs: { [GPT_4O]: [0, 0, 0.451, 0, 0.456], [CLAUDE]: [0.455, 0, 0.526, 0, 0.456] },
    faults: ["MultiRC's options are inverted in the harness that the paper used."],
  },
  {
    task: 'math_reasoning',
    evaluator: 'combined',
    metric: 'BLEU, ROUGE-L, pass rate',
    baseline: 0.068,
    runs: { [GPT_4O]: [0.101, 0.101, 0.077, 0.07, 0], [CLAUDE]: [0.074, 0.068, 0.001, 0, 0] },
    faults: [
      'How three metrics became one number, and on which rows, is not said.',
      'The Lean pass rate was 0 for every model, so the numbers are overlap of text alone.',
    ],
  },
  {
    task: 'llm_efficiency',
    evaluator: 'mmlu',
    metric: 'MMLU',
    baseline: 0.607,
    runs: { [GPT_4O]: [0.25, 0.228, 0, 0, 0], [CLAUDE]: [0.228, 0, 0.227, 0.382, 0.408] },
    faults: [FIVE_NUMBERS, ALWAYS_FIRST, 'One run fine-tuned a chat model, which the rules forbid.'],
  },
];

/** The line of a task; undefined where the paper has none. */
export function paperResultOf(taskId: string): PaperResult | undefined {
  return paperResults.find(({ task }) => task === taskId);
}
