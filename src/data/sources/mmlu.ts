import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { exactly, type Recipe, recipe, type Source } from './source.js';

/** The 57 subjects, as the hub's folders are called. */
export const MMLU_SUBJECTS = [
  'abstract_algebra',
  'anatomy',
  'astronomy',
  'business_ethics',
  'clinical_knowledge',
  'college_biology',
  'college_chemistry',
  'college_computer_science',
  'college_mathematics',
  'college_medicine',
  'college_physics',
  'computer_security',
  'conceptual_physics',
  'econometrics',
  'electrical_engineering',
  'elementary_mathematics',
  'formal_logic',
  'global_facts',
  'high_school_biology',
  'high_school_chemistry',
  'high_school_computer_science',
  'high_school_european_history',
  'high_school_geography',
  'high_school_government_and_politics',
  'high_school_macroeconomics',
  'high_school_mathematics',
  'high_school_microeconomics',
  'high_school_physics',
  'high_school_psychology',
  'high_school_statistics',
  'high_school_us_history',
  'high_school_world_history',
  'human_aging',
  'human_sexuality',
  'international_law',
  'jurisprudence',
  'logical_fallacies',
  'machine_learning',
  'management',
  'marketing',
  'medical_genetics',
  'miscellaneous',
  'moral_disputes',
  'moral_scenarios',
  'nutrition',
  'philosophy',
  'prehistory',
  'professional_accounting',
  'professional_law',
  'professional_medicine',
  'professional_psychology',
  'public_relations',
  'security_studies',
  'sociology',
  'us_foreign_policy',
  'virology',
  'world_religions',
] as const;

const MmluRow = z.object({
  question: z.string(),
  subject: z.string(),
  choices: z.array(z.string()).length(4),
  answer: z.int().min(0).max(3),
});

const COMMON = {
  format: 'rows',
  origin: {
    kind: 'hub',
    repo: 'cais/mmlu',
    repo_type: 'dataset',
    revision: 'c30699e8356da336a370243923dbaf21066bb9fe',
    gated: false,
  },
  licence: 'MIT',
  source: 'https://huggingface.co/datasets/cais/mmlu (Hendrycks et al., 2021, arXiv 2009.03300)',
} as const;

export const mmlu: Source = {
  dataset: {
    ...COMMON,
    id: 'mmlu',
    title: 'MMLU, the test questions of 57 subjects',
    role: 'eval',
    files: canonicalFiles('mmlu'),
  },
  hub: ofSplit('test', subject => new RegExp(`^${subject}/test-.*\\.parquet$`)),
  folder: ofSplit('test', subject => exactly(`mmlu/${subject}/test.jsonl`)),
};

export const mmluDev: Source = {
  dataset: {
    ...COMMON,
    id: 'mmlu_dev',
    title: 'MMLU, five questions of each subject that are not scored',
    role: 'train',
    files: canonicalFiles('mmlu_dev'),
  },
  hub: ofSplit('dev', subject => new RegExp(`^${subject}/dev-.*\\.parquet$`)),
  folder: ofSplit('dev', subject => exactly(`mmlu/${subject}/dev.jsonl`)),
};

function ofSplit(split: string, from: (subject: string) => RegExp): Recipe {
  return recipe(
    MMLU_SUBJECTS.map(subject => ({
      path: `${subject}/${split}.jsonl`,
      from: from(subject),
      content: { kind: 'rows', schema: MmluRow },
    })),
  );
}
