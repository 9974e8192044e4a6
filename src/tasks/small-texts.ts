import type { TaskData } from './task.js';

const SHAKESPEARE = {
  licence: 'public domain',
  source: 'https://github.com/karpathy/char-rnn/tree/master/data/tinyshakespeare',
} as const;
const WIKITEXT = {
  licence: 'CC BY-SA',
  source: 'WikiText-2 (Merity et al., 2016, arXiv 1609.07843)',
} as const;

/** The two texts that come with the package. */
export const SMALL_TEXTS: readonly [TaskData, TaskData] = [
  {
    path: 'tinyshakespeare.txt',
    dataset: 'tinyshakespeare',
    description: 'Speeches from the plays of Shakespeare, each after the name of its speaker.',
    words: 202_651,
    bytes: 1_115_394,
    ...SHAKESPEARE,
  },
  {
    path: 'wikitext2_valid.txt',
    dataset: 'wikitext2_valid',
    description:
      'Articles of the English Wikipedia: the validation part of WikiText-2, split into tokens by spaces, rare words replaced by `<unk>`.',
    words: 213_886,
    bytes: 1_121_681,
    ...WIKITEXT,
  },
];

/** Their first nine tenths. The rest is what submissions are scored on. */
export const SHAKESPEARE_TRAIN: TaskData = {
  path: 'tinyshakespeare_train.txt',
  dataset: 'tinyshakespeare_train',
  description:
    'Speeches from the plays of Shakespeare, each after the name of its speaker: the first nine tenths of the lines.',
  words: 184_758,
  bytes: 1_016_242,
  ...SHAKESPEARE,
};
export const WIKITEXT_TRAIN: TaskData = {
  path: 'wikitext2_train.txt',
  dataset: 'wikitext2_train',
  description:
    'Articles of the English Wikipedia, split into tokens by spaces, rare words replaced by `<unk>`: the first nine tenths of those in the validation part of WikiText-2.',
  words: 190_002,
  bytes: 998_699,
  ...WIKITEXT,
};
