import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Arrival } from '../../src/data/arrival.js';
import { importFolder } from '../../src/data/import-folder.js';
import { locateDataset } from '../../src/data/locate-dataset.js';
import type { DataPlace } from '../../src/data/locations.js';
import { freshFolder, freshPlace, NEVER, needsTestData, TEST_DATA, testDataLack } from '../helpers/data.js';

interface Wish {
  readonly mayDiffer?: boolean;
  readonly again?: boolean;
}

async function imported(folder: string, place: DataPlace, wish: Wish = {}): Promise<Map<string, Arrival>> {
  const options = { signal: NEVER, mayDiffer: false, again: false, onProgress: () => undefined, ...wish };
  return new Map((await importFolder(folder, place, options)).map(arrival => [arrival.id, arrival]));
}

/** A folder with the given files. */
function folderWith(files: Record<string, string>): string {
  const folder = freshFolder();
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** A part of the real data, to be changed. */
function copyOf(...parts: string[]): string {
  const folder = freshFolder();
  for (const part of parts) cpSync(join(TEST_DATA, part), join(folder, part), { recursive: true });
  for (const path of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chmodSync(join(folder, path), 0o755);
  return folder;
}

const THEOREM = 'theorem b_1\n  (x : ℕ) :\n  x = x :=\nbegin\n  refl,\n\n  done,\nend\n';

describe('a folder that is not as it should be', () => {
  it('is said not to be there', async () => {
    await expect(imported('/no/such/folder', freshPlace())).rejects.toThrow(
      'There is no folder /no/such/folder. Name a folder that holds data.',
    );
  });

  it('is said to hold nothing that is known', async () => {
    const folder = folderWith({ 'notes.txt': 'none', '.hidden/mmlu/anatomy/test.jsonl': '{}' });
    await expect(imported(folder, freshPlace())).rejects.toThrow(
      /holds no data that mlrb knows\. It takes folders such as/,
    );
  });
});

describe('a clone of miniF2F', () => {
  const clone = {
    'lean/src/valid.lean': `import minif2f_import\n\ntheorem c_no_words :\n  true :=\nbegin\n  trivial\nend\n\n${THEOREM}\n\ntheorem a_1 :\n  1 = 1 :=\nbegin\n  refl\nend\n`,
    'informal/valid/a_1.json':
      '{"problem_name": "a_1", "informal_statement": "One is one.", "informal_proof": "Yes."}',
    'informal/valid/b_1.json':
      '{"problem_name": "b_1", "informal_statement": "x is x.", "informal_proof": "So."}',
  };

  it('gives each theorem with its words, by name', async () => {
    const place = freshPlace();
    const arrivals = await imported(folderWith(clone), place, { mayDiffer: true });
    expect(arrivals.get('minif2f_train')).toMatchObject({
      state: 'arrived',
      record: { sample: [{ path: 'train.jsonl', rows: 2, of: 244 }] },
    });
    const lines = readFileSync(join(place.home, 'data', 'train', 'minif2f_train', 'train.jsonl'), 'utf8');
    const rows = lines
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(rows.map(({ name }) => name)).toEqual(['a_1', 'b_1']);
    expect(rows[1]).toEqual({
      name: 'b_1',
      informal_statement: 'x is x.',
      informal_proof: 'So.',
      formal_proof: THEOREM,
    });
  });

  it('of which one file is damaged is refused, with its name', async () => {
    const folder = folderWith({ ...clone, 'informal/valid/b_1.json': '{"informal_statement": 7}' });
    expect((await imported(folder, freshPlace())).get('minif2f_train')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /^informal\/valid\/b_1\.json, row 1: the field "informal_statement" is not right/,
      ),
    });
  });
});

it("a copy of a repository of the hub is taken as the hub's", async () => {
  const folder = folderWith({
    'GAIR/lima/train.jsonl': '{"conversations": ["Why?", "So."], "source": "x"}\n',
    'GAIR/lima/README.md': '# LIMA',
  });
  const place = freshPlace();
  expect((await imported(folder, place)).get('lima')).toMatchObject({
    state: 'arrived',
    record: { origin: { kind: 'folder', folder: join(folder, 'GAIR/lima') }, files: [{ rows: 1 }] },
  });
});

describe.skipIf(testDataLack !== undefined)(needsTestData('real benchmark data'), () => {
  it('is taken whole; a sample is called one, and what is not there is not claimed', async () => {
    const place = freshPlace();
    const arrivals = await imported(TEST_DATA, place);
    expect([...arrivals.values()].filter(({ state }) => state !== 'arrived')).toEqual([]);
    const notes = new Map<string, string | null>();
    for (const id of arrivals.keys()) {
      const located = await locateDataset(id, place, NEVER);
      notes.set(id, located.isFound ? located.note : located.reason);
    }
    expect(Object.fromEntries(notes)).toEqual({
      mmlu: null,
      mmlu_dev: null,
      super_glue: 'a sample: record/validation.jsonl has 264 of 10,000 rows',
      super_glue_dev:
        'a sample: boolq/dev.jsonl has 0 of 200 rows, multirc/dev.jsonl has 0 of 200 rows, record/dev.jsonl has 0 of 200 rows',
      wikitext2_test: null,
      llm_merging: null,
      minif2f_train: null,
      minif2f_heldout: null,
      alpaca: 'a sample: alpaca.jsonl has 1,727 of 51,760 rows',
    });
    const again = await imported(TEST_DATA, place);
    expect(again.get('mmlu')).toMatchObject({ state: 'here' });
    expect(again.get('super_glue')).toMatchObject({ state: 'arrived' }); // another folder might hold more of it
  });

  it('keeps what is scored on and what is trained on apart', async () => {
    const place = freshPlace();
    await imported(copyOf('math_reasoning'), place);
    const names = (path: string) =>
      readFileSync(join(place.home, 'data', path), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line));
    const heldOut = names('eval/minif2f_heldout/heldout.jsonl');
    const train = names('train/minif2f_train/train.jsonl');
    expect(heldOut).toHaveLength(100);
    const known = new Set(train.flatMap(row => [row.name, row.informal_statement]));
    expect(heldOut.filter(row => known.has(row.name) || known.has(row.informal_statement))).toEqual([]);
  });

  it('that lacks a file which is scored on is refused, and what was there before stays', async () => {
    const place = freshPlace();
    const folder = copyOf('mmlu/anatomy', 'mmlu/virology', 'text');
    const arrivals = await imported(folder, place);
    expect(arrivals.get('mmlu')).toMatchObject({
      state: 'failed',
      reason:
        'The data set mmlu lacks abstract_algebra/test.jsonl and 54 other files. Take a copy that is whole.',
    });
    expect(arrivals.get('wikitext2_test')).toMatchObject({ state: 'arrived' });
    expect(await locateDataset('mmlu', place, NEVER)).toMatchObject({ isFound: false, state: 'missing' });
    writeFileSync(join(folder, 'text', 'wikitext2_test.txt'), 'something else\n');
    expect((await imported(folder, place, { again: true })).get('wikitext2_test')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('is not the known one: test.txt'),
    });
    expect(await locateDataset('wikitext2_test', place, NEVER)).toMatchObject({ isFound: true, note: null });
  });

  it('of which one row is wrong is refused, with the file, the row and the field', async () => {
    const folder = copyOf('super_glue');
    const path = join(folder, 'super_glue', 'wic', 'validation.jsonl');
    const lines = readFileSync(path, 'utf8').split('\n');
    rmSync(path);
    writeFileSync(
      path,
      lines.with(16, String(lines[16]).replace('"label": ', '"label": "one", "was": ')).join('\n'),
    );
    expect((await imported(folder, freshPlace())).get('super_glue')).toMatchObject({
      state: 'failed',
      reason:
        'super_glue/wic/validation.jsonl, row 17: the field "label" is not right (expected number, received string). Take a fresh copy of the file, or mend it.',
    });
  });
});
