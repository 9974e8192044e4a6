import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Task, TaskFolder } from '../task.js';

export const miniBabyLm: Task = {
  id: 'mini_baby_lm',
  version: 1,
  title: 'Language model from scratch on a small text (mini)',
  suite: 'mini',
  summary:
    'Train a language model from scratch on under half a million words, so that it prefers grammatical sentences.',
  budget: { wall_clock_min: 20, cpus: 2, memory_gb: 4, disk_gb: 2, gpus: 0 },
  network: 'none',
  data: [
    {
      path: 'tinyshakespeare.txt',
      dataset: 'tinyshakespeare',
      description: 'Speeches from the plays of Shakespeare, each after the name of its speaker.',
      words: 202_651,
      bytes: 1_115_394,
      licence: 'public domain',
      source: 'https://github.com/karpathy/char-rnn/tree/master/data/tinyshakespeare',
    },
    {
      path: 'wikitext2_valid.txt',
      dataset: 'wikitext2_valid',
      description:
        'Articles of the English Wikipedia: the validation part of WikiText-2, split into tokens by spaces, rare words replaced by <unk>.',
      words: 213_886,
      bytes: 1_121_681,
      licence: 'CC BY-SA',
      source: 'WikiText-2 (Merity et al., 2016, arXiv 1609.07843)',
    },
  ],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 1_000_000_000,
    max_parameters: 200_000_000,
  },
  rules: [
    {
      id: 'from_scratch',
      severity: 'broken',
      text: 'The model is trained from scratch: no pretrained weights and no pretrained tokenizer.',
    },
    { id: 'given_data', text: 'Nothing but the given texts is used for training, the tokenizer included.' },
    {
      id: 'no_evaluation_text',
      text: 'No sentence of BLiMP is in the training data, the tokenizer or the model.',
    },
    {
      id: 'files',
      text: 'The submission holds the files of a Hugging Face model and nothing else: no code, no pickle, no adapters, no links, no subfolders.',
    },
    {
      id: 'config',
      text: 'config.json describes the tensors that are there, and a model class of the transformers library.',
    },
    { id: 'tokenizer', text: 'The tokenizer belongs to the model and tells different sentences apart.' },
    {
      id: 'tensors',
      text: 'Every tensor of the model is there, no other, with finite values, as safetensors, not quantised.',
    },
    {
      id: 'loads',
      text: 'The model loads, predicts each token from those before it alone, and yields numbers.',
    },
    { id: 'size', text: 'The submission keeps to the limits on bytes and parameters.' },
    { id: 'resources', text: 'Loading and scoring keep to the memory and the time that scoring allows.' },
  ],
  evaluators: [
    {
      id: 'blimp@100',
      metric: 'blimp@100',
      direction: 'higher_is_better',
      description:
        'accuracy on BLiMP: the share of pairs of sentences in which the model gives the grammatical one the higher log-likelihood, as the mean of the 67 subtasks, on the first 100 pairs of each (6,700 pairs). A tie counts as wrong. Higher is better; untrained models lie near 0.5.',
    },
  ],
  off_limits: {
    repositories: [
      '*/blimp', // alexwarstadt/blimp and its copies: the sentence pairs
      'alexwarstadt/data_generation', // the program that wrote them, with its vocabulary
      '*/evaluation-pipeline', // of the BabyLM challenge: the pairs, filtered
      'babylm/*',
      'AlgorithmicResearchGroup/*', // the original benchmark, its tasks and what agents handed in
    ],
    papers: ['2410.22553'], // results of the original benchmark
    pages: [
      'huggingface.co/datasets/nyu-mll/blimp',
      'huggingface.co/spaces/babylm',
      'babylm.github.io',
      'raw.githubusercontent.com/alexwarstadt/blimp',
      'github.com/alexwarstadt/blimp',
    ],
    texts: ['eval/blimp.jsonl'],
  },
  options: [
    {
      id: 'blimp',
      metric: 'blimp',
      direction: 'higher_is_better',
      description: 'the same on all 1,000 pairs of each subtask (67,000 pairs).',
    },
  ],
};

export const miniBabyLmFolder: TaskFolder = {
  task: miniBabyLm,
  folder: dirname(fileURLToPath(import.meta.url)),
};
