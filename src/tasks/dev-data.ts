import type { TaskData } from './task.js';

/** Questions to measure oneself by, as the scorer does; none of them is scored. */
export const MMLU_DEV: TaskData = {
  path: 'dev/mmlu',
  dataset: 'mmlu_dev',
  description:
    'Development questions of MMLU, five for each of the 57 subjects, none of which is scored: `<subject>/dev.jsonl`, one JSON object a line with `question`, `subject`, `choices` (four) and `answer` (0 to 3). To measure with, not to train on.',
  rows: 285,
  licence: 'MIT',
  source: 'https://huggingface.co/datasets/cais/mmlu (Hendrycks et al., 2021, arXiv 2009.03300)',
};

export const SUPER_GLUE_DEV: TaskData = {
  path: 'dev/super_glue',
  dataset: 'super_glue_dev',
  description:
    'The first rows of the training sets of SuperGLUE, up to 200 of each task, none of which is scored: `<task>/dev.jsonl`, one JSON object a line in the fields that lm-evaluation-harness reads, with `label` as the answer (`answers` for ReCoRD). To measure with, not to train on.',
  licence: "each task's own, for research",
  source: 'https://huggingface.co/datasets/aps/super_glue (Wang et al., 2019, arXiv 1905.00537)',
};
