import { expect, test } from 'vitest';
import { charCount, count, firstChars, headAndTail, lastChars } from '../../src/lib/text.js';

test('a cut never splits a character, wherever it falls', () => {
  const text = 'a😀b😀😀c'.repeat(3);
  const characters = [...text];
  for (let max = 0; max <= characters.length + 1; max += 1) {
    expect(firstChars(text, max)).toBe(characters.slice(0, max).join(''));
    expect(lastChars(text, max)).toBe(characters.slice(Math.max(0, characters.length - max)).join(''));
  }
  expect(charCount(text)).toBe(characters.length);
});

test('a broken half of a character is shown as such and counts as one', () => {
  expect(firstChars('a\ud83db', 2)).toBe('a\ufffd');
  expect(lastChars('😀\ude00b', 2)).toBe('\ufffdb');
  expect(charCount('a\ud83db')).toBe(3);
});

test('a long text keeps its beginning and its end, and the middle says how many characters are gone', () => {
  for (const text of ['😀'.repeat(2501), `x${'😀'.repeat(2500)}`]) {
    const { text: shown, omitted } = headAndTail(text, 101);
    expect(shown.isWellFormed()).toBe(true);
    expect(shown).not.toContain('\ufffd');
    expect(omitted).toBe(2400);
    expect(shown).toContain('[… 2,400 characters left out …]');
    expect(charCount(shown.replace('\n[… 2,400 characters left out …]\n', ''))).toBe(101);
  }
  expect(headAndTail('😀'.repeat(100), 100)).toEqual({ text: '😀'.repeat(100), omitted: 0 });
});

test('a count has its noun in the right number and marks thousands', () => {
  expect([count(0, 'line'), count(1, 'line'), count(202_651, 'word')]).toEqual([
    '0 lines',
    '1 line',
    '202,651 words',
  ]);
});
