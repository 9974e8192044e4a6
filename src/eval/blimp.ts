import type { ChoiceSuite } from './choice-suite.js';
import { harnessMean } from './harness-mean.js';

/** BLiMP: the mean over its subtasks of the share of pairs in which the grammatical sentence has the higher log-likelihood. */
export const BLIMP: ChoiceSuite = {
  name: 'blimp',
  unit: 'share of pairs',
  items: 'pairs',
  groups: subtasks => ({ all: subtasks }),
  chance: 'a pair has two sentences',
  noFirstOption:
    'there is none here: the grammatical sentence stands first in every pair, so the first option is the right answer',
  beside: rows => ({ harness_acc: harnessMean(rows) }),
};
