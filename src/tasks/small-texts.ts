import type { TaskData } from './task.js';

/** The two texts that come with the package. */
export const SMALL_TEXTS: readonly TaskData[] = [
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
      'Articles of the English Wikipedia: the validation part of WikiText-2, split into tokens by spaces, rare words replaced by `<unk>`.',
    words: 213_886,
    bytes: 1_121_681,
    licence: 'CC BY-SA',
    source: 'WikiText-2 (Merity et al., 2016, arXiv 1609.07843)',
  },
];
