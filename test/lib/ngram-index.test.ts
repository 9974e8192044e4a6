import { describe, expect, test } from 'vitest';
import { NgramIndex } from '../../src/lib/ngram-index.js';

const ITEMS = [
  'Who should Derek hug after shocking Richard?',
  'The cats that the dogs annoy every single day have not left the small house yet.',
  'Too short.',
];
const index = NgramIndex.build(ITEMS);

function found(text: string): string[] {
  return index.find(text).map(({ start, end }) => text.slice(start, end));
}

describe('texts that are to be kept apart', () => {
  test.each([
    ['as they are', 'x Who should Derek hug after shocking Richard? y'],
    ['in another case and without marks', 'x who SHOULD derek, hug - after "shocking" richard y'],
    ['over several lines', 'x Who should Derek\n\thug after\r\nshocking Richard y'],
    ['in JSON', '{"a":"\\nWho should Derek hug after shocking Richard?\\n","b":1}'],
    ['in wide letters', 'x Ｗｈｏ should Derek hug after shocking Richard y'],
  ])('are found %s', (_how, text) => {
    expect(found(text)).toHaveLength(1);
    expect(found(text)[0]).toMatch(/^(who|Ｗｈｏ).*richard$/isu);
  });

  test('are found by any eight words in a row of a longer one', () => {
    expect(found('It says that the dogs annoy every single day have not, I think.')).toEqual([
      'that the dogs annoy every single day have not',
    ]);
  });

  test('are not found in other texts, nor where words are missing', () => {
    expect(
      found('Who should hug Derek after shocking Richard? Too short. The cats that the dogs annoy.'),
    ).toEqual([]);
    expect(found('')).toEqual([]);
  });

  test('are found the same after a way through a file', () => {
    const copy = NgramIndex.fromBytes(index.toBytes());
    expect(copy?.size).toBe(index.size);
    expect(copy?.find(ITEMS[0] ?? '')).toEqual(index.find(ITEMS[0] ?? ''));
    expect(NgramIndex.fromBytes(index.toBytes().subarray(0, 1000))).toBeUndefined();
    expect(
      NgramIndex.fromBytes(Buffer.from('something else that is no index at all, really')),
    ).toBeUndefined();
  });
});
