import { z } from 'zod';

/** What a task allows. Times in minutes, sizes in decimal gigabytes (10^9 bytes). */
export const Budget = z.strictObject({
  wall_clock_min: z.number().positive().describe('wall clock from start_run to the deadline, minutes'),
  cpus: z.number().positive().describe('processor cores'),
  memory_gb: z.number().positive().describe('main memory'),
  disk_gb: z.number().positive().describe('size of the workspace'),
  gpus: z.number().int().nonnegative().describe('whole GPUs, held for the length of the run'),
});
export type Budget = Readonly<z.infer<typeof Budget>>;

/** One file or folder of training data, or a base model, as the contestant finds it below the data path. */
export const TaskData = z.strictObject({
  path: z
    .string()
    .regex(
      /^\w[\w.-]*(\/\w[\w.-]*)*$/,
      'it takes a path below the data path, of letters, digits, dots, dashes and underscores',
    )
    .describe('name below the data path, of a file or a folder'),
  dataset: z
    .string()
    .describe(
      'the data set it comes from, by its id in `src/data/datasets.ts`: where to get it and how to tell that it is whole',
    ),
  description: z.string().describe('what it is, as sentences for the contestant'),
  words: z.number().int().positive().optional().describe('words, split at white space'),
  rows: z.number().int().positive().optional().describe('lines or entries, of data that have such'),
  bytes: z.number().int().positive().optional().describe('size of it all'),
  licence: z.string().describe('under which it may be used'),
  source: z.string().describe('where it comes from'),
});

export type TaskData = Readonly<z.infer<typeof TaskData>>;

/** Rules that need nothing but their sentence: what they check is the same in every task. */
const PLAIN_RULES = [
  'files',
  'config',
  'tokenizer',
  'tensors',
  'loads',
  'size',
  'resources',
  'given_data',
  'no_evaluation_text',
  'no_quantisation',
  'no_distillation',
] as const;

/** A rule that is checked. `id` names the check in `runs/` or `eval/` that gathers the evidence. */
export const TaskRule = z.discriminatedUnion('id', [
  z.strictObject({ id: z.enum(PLAIN_RULES), text: z.string() }),
  z.strictObject({
    id: z.literal('from_scratch'),
    text: z.string(),
    severity: z
      .enum(['broken', 'suspicion'])
      .describe(
        'what weights taken from a known model are: a broken rule, or a note where the task does not forbid them',
      ),
  }),
  z.strictObject({
    id: z.literal('from_base'),
    text: z.string(),
    base: z.string().describe('the model that is given, by the id of its data set'),
  }),
  z.strictObject({
    id: z.literal('approved_base'),
    text: z.string(),
    model_types: z.array(z.string()).nonempty().readonly().describe('`model_type` in config.json'),
  }),
  z.strictObject({
    id: z.literal('peak_memory'),
    text: z.string(),
    max_bytes: z
      .number()
      .int()
      .positive()
      .describe('of loading and generating, above what the process held before'),
  }),
  z.strictObject({
    id: z.literal('merging_package'),
    text: z.string(),
    max_minutes: z.number().positive().describe('what one merge may take'),
    sources_before: z.iso
      .date('it takes a day such as 2024-05-31')
      .optional()
      .describe('experts published from this day on are refused; absent: the experts are given'),
  }),
]);
export type TaskRule = Readonly<z.infer<typeof TaskRule>>;

export const Dtype = z.enum(['float32', 'float16', 'bfloat16']);

export const Direction = z.enum(['higher_is_better', 'lower_is_better']);
export type Direction = z.infer<typeof Direction>;

export const TaskEvaluator = z.strictObject({
  id: z
    .string()
    .describe(
      '`blimp`, `mmlu`, `super_glue`, `bits_per_byte`, `bleu`, `rouge_l`, `lean3` or `combined`; `@N` limits all but `bits_per_byte` to the first N rows of each subtask',
    ),
  data: z
    .array(z.string())
    .readonly()
    .optional()
    .describe(
      'data sets it scores on, by id, where the evaluator does not say it by its name: held-out texts for `bits_per_byte`, one set of held-out proofs for the last four',
    ),
  metric: z.string().describe('what the score is called: the same as `id`'),
  direction: Direction.describe(
    'which values are better: the lower ones for `bits_per_byte`, else the higher',
  ),
  description: z.string().describe('what it measures and which values are better, for the contestant'),
});
export type TaskEvaluator = z.infer<typeof TaskEvaluator>;

/** What the tools that look up papers and code must not lead to. */
export const OffLimits = z.strictObject({
  repositories: z
    .array(
      z
        .string()
        .regex(
          /^(\*|[\w.-]+)\/(\*|[\w.-]+)$/,
          'it takes owner/name, where `*` stands for any owner or any name',
        ),
    )
    .readonly()
    .describe(
      'on GitHub, `owner/name`; `*` stands for any owner or any name. Forks and renamed copies count as the repository itself',
    ),
  papers: z.array(z.string()).readonly().describe('arXiv numbers and DOIs'),
  pages: z.array(z.string()).readonly().describe('`host` or `host/path`: nothing there or below is fetched'),
  texts: z
    .array(z.string())
    .readonly()
    .describe("files of the package's data whose sentences are what submissions are scored on"),
  data_sets: z
    .array(z.string())
    .readonly()
    .optional()
    .describe(
      'other data sets that submissions are scored on, by id; their texts are kept back where they are on the host',
    ),
  published_before: z.iso
    .date('it takes a day such as 2024-05-31')
    .optional()
    .describe('papers and commits from this day on are hidden; absent: no bound'),
});
export type OffLimits = Readonly<z.infer<typeof OffLimits>>;

/**
 * What is asked, as data. The prompt, the README in the workspace, the checks and the score's formula all
 * come from this one manifest, so they cannot disagree.
 */
export const Task = z.strictObject({
  id: z.string().regex(/^[a-z0-9_]{1,50}$/, 'it takes 1 to 50 lower-case letters, digits and underscores'),
  version: z.number().int().positive().describe('raised when a change makes scores incomparable'),
  title: z.string().describe('what it is called for people'),
  suite: z.enum(['mlrb', 'mini', 'smoke', 'custom']).describe('`custom`: from a folder outside the package'),
  summary: z.string().describe('one sentence'),
  budget: Budget,
  network: z
    .enum(['none', 'open'])
    .describe('what the contestant can reach; the local sandbox cuts nothing off'),
  data: z.array(TaskData).readonly().describe('what the contestant finds at the data path'),
  submission: z.strictObject({
    architectures: z
      .array(z.enum(['causal', 'seq2seq']))
      .nonempty()
      .readonly()
      .describe('decoders alone, or encoders with decoders'),
    dtypes: z.array(Dtype).nonempty().readonly().describe('what the weights may be stored as'),
    max_bytes: z.number().int().positive().describe('of all files of the submission'),
    max_parameters: z.number().int().positive().describe('counted from the shapes of the tensors'),
  }),
  rules: z
    .array(TaskRule)
    .readonly()
    .describe('what is checked, in the order in which the contestant reads it'),
  evaluators: z
    .tuple([TaskEvaluator], TaskEvaluator)
    .readonly()
    .describe('the first one ranks; the others stand beside it'),
  off_limits: OffLimits,
  options: z.array(TaskEvaluator).readonly().describe('evaluators an operator may ask for besides'),
});
export type Task = Readonly<z.infer<typeof Task>>;

/** A task with the places of what is not data. All paths are absolute. */
export interface TaskFolder {
  readonly task: Task;
  /** What the task adds to the template that all share: `prompt.md` of its folder. */
  readonly promptFile: string;
  /** Folders whose content is copied into every workspace. */
  readonly files: readonly string[];
  /** The data that a task brings itself, as the contestant sees it; absent: its data sets are the program's own. */
  readonly ownData?: string;
}
