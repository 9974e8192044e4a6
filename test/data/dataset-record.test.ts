import { expect, test } from 'vitest';
import { noteOf } from '../../src/data/dataset-record.js';

const SAMPLE = Array.from({ length: 57 }, (_, at) => ({ path: `subject_${at}.jsonl`, rows: 1, of: 1000 }));

test('a note on a sample names the files that have fewer rows', () => {
  expect(noteOf({ sample: SAMPLE.slice(0, 2), differs: [] })).toBe(
    'a sample: subject_0.jsonl has 1 of 1,000 rows, subject_1.jsonl has 1 of 1,000 rows',
  );
});

test('a note on many files stays one that can be read', () => {
  const note = noteOf({ sample: SAMPLE, differs: SAMPLE.map(({ path }) => path) });
  expect(note).toMatch(/, subject_7\.jsonl has 1 of 1,000 rows and 49 more files; not the known content: /);
  expect(note).toMatch(/, subject_7\.jsonl and 49 more files$/);
});
