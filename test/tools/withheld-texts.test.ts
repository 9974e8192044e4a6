import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { evaluationTexts } from '../../src/data/evaluation-texts.js';
import { importFolder } from '../../src/data/import-folder.js';
import { locateDataset } from '../../src/data/locate-dataset.js';
import type { DataPlace } from '../../src/data/locations.js';
import type { TextFinder } from '../../src/lib/text-finder.js';
import type { OffLimits } from '../../src/tasks/task.js';
import { masked } from '../../src/tools/support/foreign-text.js';
import { withheldTexts } from '../../src/tools/support/withheld-texts.js';
import { freshPlace, NEVER, needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';

const NOTHING: OffLimits = { repositories: [], papers: [], pages: [], texts: [] };

async function finderOf(place: DataPlace, offLimits: Partial<OffLimits>): Promise<TextFinder | null> {
  return withheldTexts(
    { ...NOTHING, ...offLimits },
    {
      packageData: place.packageData,
      folder: join(place.home, 'ngrams'),
      evaluationTexts: id => evaluationTexts(id, place, NEVER),
    },
  );
}

async function textOf(id: string, place: DataPlace): Promise<string> {
  const located = await locateDataset(id, place, NEVER);
  if (!located.isFound) throw new Error(`${id} is made from the package`);
  return readFileSync(join(located.folder, `${id}.txt`), 'utf8');
}

test('the held-out part of a text is kept back, and the part that is handed out is not', async () => {
  const place = freshPlace();
  const finder = await finderOf(place, { data_sets: ['tinyshakespeare_heldout'] });
  const [heldOut, train] = await Promise.all([
    textOf('tinyshakespeare_heldout', place),
    textOf('tinyshakespeare_train', place),
  ]);
  const passage = heldOut.split(/\s+/).slice(200, 240).join(' ');
  expect(masked(`Before. ${passage} After.`, finder)).toMatchObject({ withheld: 1 });
  expect(masked(`Before. ${passage} After.`, finder).text).toMatch(
    /^Before\. \[withheld: [^\]]+\]\W* After\.$/,
  );
  expect(finder?.find(train.slice(0, 200_000))).toEqual([]);
});

test('what several sets keep back is kept back at once, in the order in which it stands', async () => {
  const place = freshPlace();
  const finder = await finderOf(place, {
    texts: ['eval/blimp.jsonl'],
    data_sets: ['tinyshakespeare_heldout'],
  });
  const passage = (await textOf('tinyshakespeare_heldout', place)).split(/\s+/).slice(300, 320).join(' ');
  const sentence = 'Who should Derek hug after shocking Richard?';
  const found = finder?.find(`${passage} And now: ${sentence}`) ?? [];
  expect(found).toHaveLength(2);
  expect(found[0]?.end).toBeLessThan(found[1]?.start ?? 0);
});

test('a set that is not on this host keeps nothing back, and hinders nothing', async () => {
  expect(await finderOf(freshPlace(), { data_sets: ['mmlu', 'super_glue'] })).toBeNull();
});

test('each set is indexed once for a home folder', async () => {
  const place = freshPlace();
  await finderOf(place, { data_sets: ['tinyshakespeare_heldout'] });
  const [kept] = readdirSync(join(place.home, 'ngrams'));
  await finderOf(place, { data_sets: ['tinyshakespeare_heldout', 'wikitext2_heldout'] });
  expect(readdirSync(join(place.home, 'ngrams'))).toHaveLength(2);
  expect(readdirSync(join(place.home, 'ngrams'))).toContain(kept);
});

describe(needsTestData('questions of MMLU'), () => {
  test.skipIf(testDataLack !== undefined)(
    'are kept back, and what only sounds like them is not',
    async () => {
      const place = freshPlace();
      const options = { signal: NEVER, mayDiffer: false, again: false, onProgress: () => undefined };
      await importFolder(TEST_DATA, place, options);
      const finder = await finderOf(place, { data_sets: ['mmlu'] });
      const rows = readFileSync(join(TEST_DATA, 'mmlu', 'professional_law', 'test.jsonl'), 'utf8').split(
        '\n',
      );
      const { question } = JSON.parse(rows[0] ?? '');
      expect(finder?.find(`Consider this: ${question}`)).toHaveLength(1);
      const plain =
        'Which of the following is true of language models? They are trained on text, and the choice of the text is one of the most important parts of the work.';
      expect(finder?.find(plain)).toEqual([]);
    },
  );
});
