import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importFolder } from '../../src/data/import-folder.js';
import { mlrb } from '../cli/mlrb.js';
import { freshFolder, NEVER, needsTestData, PACKAGE_DATA, TEST_DATA, testDataLack } from '../helpers/data.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';

const MINUTES = 60_000;

/** What becomes of the trick that only judging can find out. */
const FOUND_OUT = {
  mini_baby_lm: 'tokenizer',
  mini_mini_pile: 'tokenizer',
  mini_edge_llm_training: 'no_quantisation',
  mini_llm_efficiency: 'no_evaluation_text',
} as const;
/** Where honest work takes the least time. */
const WITH_REFERENCE = {
  mini_llm_merging: 'merging_package',
  mini_edge_llm_compression: 'no_quantisation',
} as const;

let home: Awaited<ReturnType<typeof makeHome>>;
beforeAll(async () => {
  home = await makeHome();
});
afterAll(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

describe('mlrb controls', () => {
  it(
    'shows that doing nothing yields nothing, that an untouched base is valid, and that no trick pays',
    async () => {
      const ids = Object.keys(FOUND_OUT);
      const { code, shown } = await controls(`${ids.join(' ')} --contestants nop,base,cheat`);
      expect(shown).toEqual(Object.entries(FOUND_OUT).map(([id, rule]) => soundTask(id, rule)));
      expect(code).toBe(0);
      expect(processesNaming(home.path)).toEqual([]);
    },
    30 * MINUTES,
  );

  it(
    'shows that honest work is better than the base beyond chance',
    async () => {
      const ids = Object.keys(WITH_REFERENCE);
      const { code, shown } = await controls(ids.join(' '));
      expect(shown).toEqual(Object.entries(WITH_REFERENCE).map(([id, rule]) => soundTask(id, rule)));
      for (const { played } of shown) {
        const [base, reference] = [played.base, played.reference];
        expect(base.value - reference.value).toBeGreaterThan(base.half_interval + reference.half_interval);
      }
      expect(code).toBe(0);
    },
    30 * MINUTES,
  );

  it.skipIf(testDataLack !== undefined)(
    needsTestData('shows that a model that writes nothing is worth no more than an untrained one'),
    async () => {
      await importProblems();
      const { code, shown } = await controls('mini_math_reasoning --contestants nop,base,cheat');
      expect(shown).toMatchObject([
        { sound: true, played: { base: { outcome: 'valid' }, cheat: { outcome: 'valid', value: 0 } } },
      ]);
      expect(code).toBe(0);
    },
    30 * MINUTES,
  );

  it('says which names it knows, and plays nothing, where one is misspelt', async () => {
    expect(await mlrb(home.path, 'controls mini_baby_lm --contestants bse')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/No contestant named "bse"\. Did you mean "base"\?/),
    });
    expect(await mlrb(home.path, 'controls baby_lm')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/No contestant named "script:base".* Known: script:nop\./),
    });
  });
});

async function controls(line: string) {
  const { code, stdout, stderr } = await mlrb(home.path, `controls ${line} --json`);
  if (stdout === '') throw new Error(`it ended with ${code}: ${stderr}`);
  return { code, shown: JSON.parse(stdout) };
}

function soundTask(task: string, rule: string) {
  const half_interval = expect.any(Number);
  return expect.objectContaining({
    task,
    sound: true,
    reasons: [],
    played: expect.objectContaining({
      nop: expect.objectContaining({ outcome: 'no_submission' }),
      base: expect.objectContaining({ outcome: 'valid', half_interval }),
      cheat: expect.objectContaining({ outcome: 'invalid', broken: [rule] }),
    }),
    tricks: { tried: TRICKS, refused: TRICKS },
  });
}

/** So many does the catalogue have; one that is lost would be missed nowhere else. */
const TRICKS = 30;

/** Nothing else of that folder: the metrics beside the first would only take time. */
async function importProblems(): Promise<void> {
  const folder = freshFolder();
  const problems = join(TEST_DATA, 'math_reasoning');
  expect(existsSync(problems)).toBe(true);
  cpSync(problems, join(folder, 'math_reasoning'), { recursive: true });
  await importFolder(
    folder,
    { home: home.path, packageData: PACKAGE_DATA },
    { signal: NEVER, mayDiffer: false, again: false, onProgress: () => undefined },
  );
}
