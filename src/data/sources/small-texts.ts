import type { Dataset } from '../dataset.js';
import type { Materials, Source } from './source.js';

/** Where a text is cut: before the first line or article that is no longer in the first 90 %. */
const SHARE = 0.9;

const SHAKESPEARE = {
  licence: 'public domain',
  source: 'https://github.com/karpathy/char-rnn/tree/master/data/tinyshakespeare',
} as const;
const WIKITEXT = {
  licence: 'CC BY-SA',
  source: 'WikiText-2 (Merity et al., 2016, arXiv 1609.07843)',
} as const;

export const tinyShakespeare = ofPackage({
  id: 'tinyshakespeare',
  title: 'Speeches from the plays of Shakespeare',
  ...SHAKESPEARE,
});
export const wikitext2Valid = ofPackage({
  id: 'wikitext2_valid',
  title: 'Articles of the English Wikipedia: the validation part of WikiText-2',
  ...WIKITEXT,
});

export const tinyShakespeareTrain = split('tinyshakespeare', {
  id: 'tinyshakespeare_train',
  title: 'Speeches from the plays of Shakespeare: the first 90 % of the lines',
  role: 'train',
  ...SHAKESPEARE,
});
export const tinyShakespeareHeldOut = split('tinyshakespeare', {
  id: 'tinyshakespeare_heldout',
  title: 'Speeches from the plays of Shakespeare: the last 10 % of the lines',
  role: 'eval',
  ...SHAKESPEARE,
});
export const wikitext2Train = split('wikitext2_valid', {
  id: 'wikitext2_train',
  title: 'Articles of the English Wikipedia: the first 90 % of those in the validation part of WikiText-2',
  role: 'train',
  ...WIKITEXT,
});
export const wikitext2HeldOut = split('wikitext2_valid', {
  id: 'wikitext2_heldout',
  title: 'Articles of the English Wikipedia: the last 10 % of those in the validation part of WikiText-2',
  role: 'eval',
  ...WIKITEXT,
});

type Facts = Pick<Dataset, 'id' | 'title' | 'licence' | 'source'>;

function ofPackage(facts: Facts): Source {
  const name = `${facts.id}.txt`;
  return {
    dataset: {
      ...facts,
      role: 'train',
      format: 'text',
      files: [{ path: name }],
      origin: { kind: 'package' },
    },
    make: async ({ packed }) => [{ path: name, content: await packed(`train/${name}`) }],
    made_by: 'package',
  };
}

function split(whole: 'tinyshakespeare' | 'wikitext2_valid', facts: Facts & Pick<Dataset, 'role'>): Source {
  const units = whole === 'tinyshakespeare' ? lines : articles;
  const name = `${facts.id}.txt`;
  const make = async ({ text }: Materials) => {
    const all = units(await text(whole));
    const cut = Math.floor(all.length * SHARE);
    const part = facts.role === 'train' ? all.slice(0, cut) : all.slice(cut);
    return [{ path: name, content: part.join('') }];
  };
  return {
    dataset: {
      ...facts,
      format: 'text',
      files: [{ path: name }],
      origin: { kind: 'built', from: [whole], by: 'rule' },
    },
    make,
    made_by: `${whole === 'tinyshakespeare' ? 'lines' : 'articles'}, first ${100 * SHARE} %`,
  };
}

/** With their ends. */
function lines(text: string): string[] {
  return text.split(/(?<=\n)/);
}

/** Each from its title on, ` = Title = ` on a line of its own; what stands before the first belongs to it. */
function articles(text: string): string[] {
  const parts = text.split(/^(?= = [^=\n]+ = $)/m);
  const [first = '', second = '', ...rest] = parts;
  return first.trim() === '' ? [first + second, ...rest] : parts;
}
