import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalFiles } from '../canonical-files.js';
import { FormalisationRow } from './math-reasoning.js';
import { exactly, first, type ReadRow, type Recipe, recipe, type Select, type Source } from './source.js';

const HELD_OUT = 100;

const COMMON = {
  format: 'rows',
  origin: {
    kind: 'folder',
    get: 'miniF2F is on GitHub: `git clone https://github.com/facebookresearch/miniF2F`, then `mlrb data import miniF2F`.',
  },
  licence: 'MIT and Apache-2.0',
  source: 'https://github.com/facebookresearch/miniF2F (Zheng et al., 2021, arXiv 2109.00110)',
} as const;

export const minif2fTrain: Source = {
  dataset: {
    ...COMMON,
    id: 'minif2f_train',
    title: 'miniF2F, the validation part: olympiad problems in words and in Lean 3',
    role: 'train',
    files: canonicalFiles('minif2f_train'),
  },
  folder: ofPart('train.jsonl', 'valid'),
};

export const minif2fHeldOut: Source = {
  dataset: {
    ...COMMON,
    id: 'minif2f_heldout',
    title: `miniF2F, the first ${HELD_OUT} problems of the test part by name`,
    role: 'eval',
    files: canonicalFiles('minif2f_heldout'),
  },
  folder: ofPart('heldout.jsonl', 'test', first(HELD_OUT)),
};

/** From one file of rows, ordered by name, or from a clone of the project. */
function ofPart(path: string, part: string, select?: Select): Recipe {
  const content = {
    kind: 'rows',
    schema: FormalisationRow,
    ...(select === undefined ? {} : { select }),
  } as const;
  const ofRows = recipe([{ path, from: exactly(`math_reasoning/minif2f_${part}.jsonl`), content }]);
  const ofClone = recipe([
    {
      path,
      from: new RegExp(`^lean/src/${part}\\.lean$|^informal/${part}/[\\w-]+\\.json$`),
      content: { ...content, read: readClone },
    },
  ]);
  return paths => (paths.includes(`lean/src/${part}.lean`) ? ofClone(paths) : ofRows(paths));
}

const Informal = z.object({ informal_statement: z.string(), informal_proof: z.string() });

/** Each theorem of the Lean file with the words for it, which are a file of their own, in the order of the names. */
async function* readClone(folder: string, files: readonly string[]): AsyncGenerator<ReadRow> {
  const lean = files.find(name => name.endsWith('.lean')) ?? '';
  const theorems = theoremsOf(await readFile(join(folder, lean), 'utf8'));
  for (const name of [...theorems.keys()].sort()) {
    const file = files.find(path => path.endsWith(`/${name}.json`));
    if (file === undefined) continue; // some theorems have no words
    const words = Informal.safeParse(await readJson(join(folder, file)));
    yield { row: { name, ...words.data, formal_proof: theorems.get(name) }, file, number: 1 };
  }
}

/** The text of each theorem by its name: from its first line to the last before the next theorem or lemma that is not blank. */
function theoremsOf(lean: string): ReadonlyMap<string, string> {
  const parts = lean.split(/^(?=theorem |lemma )/m).filter(part => part.startsWith('theorem '));
  return new Map(parts.map(text => [/^theorem (\S+)/.exec(text)?.[1] ?? '', `${text.trimEnd()}\n`]));
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined; // its row lacks the words then, which the check of rows tells
  }
}
