import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { prepareEvaluationData } from '../../src/eval/evaluation-data.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const DATA = join(PACKAGE_ROOT, 'data');

function freshHome(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('BLiMP is unpacked whole: 67 subtasks of 1,000 pairs, each with its own name', async () => {
  const { blimpFolder, subtasks, textPath } = await prepareEvaluationData(DATA, freshHome());
  expect(subtasks).toHaveLength(67);
  expect(readdirSync(blimpFolder)).toEqual(subtasks.map(name => `${name}.jsonl`).sort());
  for (const subtask of subtasks) {
    const rows = readFileSync(join(blimpFolder, `${subtask}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(rows).toHaveLength(1000);
    expect(rows.every((row, at) => row.UID === subtask && row.pairID === String(at))).toBe(true);
  }
  expect(textPath).toBeNull();
});

test('a second time nothing is written; a damaged, missing or changed file is mended', async () => {
  const home = freshHome();
  const first = await prepareEvaluationData(DATA, home);
  const [one, two, three] = first.subtasks.map(name => join(first.blimpFolder, `${name}.jsonl`));
  if (one === undefined || two === undefined || three === undefined)
    throw new Error('three subtasks are expected');
  utimesSync(one, 1000, 1000);
  await prepareEvaluationData(DATA, home);
  expect(statSync(one).mtimeMs).toBe(1_000_000);
  const whole = [one, two, three].map(path => readFileSync(path, 'utf8'));
  chmodSync(two, 0o644);
  writeFileSync(two, whole[1]?.replace('sentence_good', 'sentence_bad') ?? '');
  unlinkSync(three);
  expect(await prepareEvaluationData(DATA, home)).toEqual(first);
  expect([one, two, three].map(path => readFileSync(path, 'utf8'))).toEqual(whole);
});

test("WikiText-2's test text is used where the operator put it, and changes the digest of the data", async () => {
  const home = freshHome();
  const { digest } = await prepareEvaluationData(DATA, home);
  mkdirSync(join(home, 'data', 'eval', 'wikitext2'), { recursive: true });
  writeFileSync(join(home, 'data', 'eval', 'wikitext2', 'test.txt'), 'A text .\n');
  const after = await prepareEvaluationData(DATA, home);
  expect(after.textPath).toBe(join(home, 'data', 'eval', 'wikitext2', 'test.txt'));
  expect(after.digest).not.toBe(digest);
});
