import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { exactly, first, type Recipe, recipe, type Source } from './source.js';

const Label = z.int().min(0).max(1);
const Index = z.int().nonnegative();
const Pair = { premise: z.string(), hypothesis: z.string(), idx: Index };

/** The fields that lm-evaluation-harness reads, in the order of the hub's columns. Labels count from 0. */
const ROWS = {
  boolq: z.object({ question: z.string(), passage: z.string(), idx: Index, label: Label }),
  cb: z.object({ ...Pair, label: z.int().min(0).max(2) }),
  copa: z.object({
    premise: z.string(),
    choice1: z.string(),
    choice2: z.string(),
    question: z.enum(['cause', 'effect']),
    idx: Index,
    label: Label,
  }),
  multirc: z.object({
    paragraph: z.string(),
    question: z.string(),
    answer: z.string(),
    idx: z.object({ paragraph: Index, question: Index, answer: Index }),
    label: Label,
  }),
  record: z.object({
    passage: z.string(),
    query: z.string().includes('@placeholder'),
    entities: z.array(z.string()).nonempty(),
    answers: z.array(z.string()).nonempty(),
    idx: z.object({ passage: z.int(), query: z.int() }),
  }),
  rte: z.object({ ...Pair, label: Label }),
  wic: z.object({
    word: z.string(),
    sentence1: z.string(),
    sentence2: z.string(),
    start1: Index,
    start2: Index,
    end1: Index,
    end2: Index,
    idx: Index,
    label: Label,
  }),
  wsc: z.object({
    text: z.string(),
    span1_index: Index,
    span2_index: Index,
    span1_text: z.string(),
    span2_text: z.string(),
    idx: Index,
    label: Label,
  }),
} as const;

/** How many rows of each training set are dev data: always the first. */
const DEV_ROWS = 200;

const COMMON = {
  format: 'rows',
  origin: {
    kind: 'hub',
    repo: 'aps/super_glue',
    repo_type: 'dataset',
    revision: '3de24cf8022e94f4ee4b9d55a6f539891524d646',
    gated: false,
  },
  licence: "each task's own, for research",
  source: 'https://huggingface.co/datasets/aps/super_glue (Wang et al., 2019, arXiv 1905.00537)',
} as const;

export const superGlue: Source = {
  dataset: {
    ...COMMON,
    id: 'super_glue',
    title: 'SuperGLUE, the validation sets of its eight tasks',
    role: 'eval',
    files: canonicalFiles('super_glue'),
  },
  hub: ofTasks(task => ({
    path: `${task}/validation.jsonl`,
    from: new RegExp(`^${task}/validation-.*\\.parquet$`),
  })),
  folder: ofTasks(task => ({
    path: `${task}/validation.jsonl`,
    from: exactly(`super_glue/${task}/validation.jsonl`),
  })),
};

export const superGlueDev: Source = {
  dataset: {
    ...COMMON,
    id: 'super_glue_dev',
    title: `SuperGLUE, the first ${DEV_ROWS} rows of each training set`,
    role: 'train',
    files: canonicalFiles('super_glue_dev'),
  },
  hub: ofTasks(
    task => ({ path: `${task}/dev.jsonl`, from: new RegExp(`^${task}/train-.*\\.parquet$`) }),
    DEV_ROWS,
  ),
  folder: ofTasks(
    task => ({ path: `${task}/dev.jsonl`, from: exactly(`super_glue/${task}/train.jsonl`) }),
    DEV_ROWS,
  ),
};

function ofTasks(of: (task: string) => { path: string; from: RegExp }, limit?: number): Recipe {
  const select = limit === undefined ? {} : { select: first(limit) };
  return recipe(
    Object.entries(ROWS).map(([task, schema]) => ({
      ...of(task),
      content: { kind: 'rows', schema, ...select },
    })),
  );
}
