import type { Finding } from '../outcome.js';
import { broken, quoted } from './findings.js';
import type { ModelFile } from './list-model-folder.js';
import { isObject, type JsonObject, readJsonObject } from './read-json.js';

/** What the files of a tokenizer say. */
export interface TokenizerCheck {
  readonly findings: readonly Finding[];
  /** The highest number in the vocabulary of `tokenizer.json`; null where there is none to be read. */
  readonly highestToken: number | null;
}

/** Any one of these sets makes a tokenizer that loads without further packages. */
const SETS = [['tokenizer.json'], ['vocab.json', 'merges.txt'], ['vocab.txt']] as const;
const JSON_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
];
const MAX_BYTES = 100_000_000;

/** Checks that there is a tokenizer, and that its files are JSON that points to no code. */
export async function checkTokenizerFiles(
  folder: string,
  files: readonly ModelFile[],
): Promise<TokenizerCheck> {
  const has = (name: string): boolean => files.some(file => file.path === name);
  const findings: Finding[] = SETS.some(set => set.every(has)) ? [] : [broken('tokenizer', MISSING)];
  let highestToken: number | null = null;
  for (const name of JSON_FILES.filter(has)) {
    const json = await readJsonObject(folder, name, MAX_BYTES);
    findings.push(...checkJson(name, json));
    if (name === 'tokenizer.json' && json.ok) highestToken = highestIn(json.value.model);
  }
  return { findings, highestToken };
}

const MISSING =
  'The tokenizer is missing: tokenizer.json is needed. Save it with tokenizer.save_pretrained(folder), from a fast tokenizer.';

function checkJson(name: string, json: JsonObject): Finding[] {
  if (!json.ok) return [broken('tokenizer', json.message)];
  if (json.value.auto_map === undefined) return [];
  const message = `${quoted(name)} has the key "auto_map": it points to code, which is not run. Remove it.`;
  return [broken('tokenizer', message)];
}

/** A vocabulary is a list of pieces, numbered as they stand, or an object with the number of each. */
function highestIn(model: unknown): number | null {
  const vocabulary = isObject(model) ? model.vocab : undefined;
  if (Array.isArray(vocabulary)) return vocabulary.length - 1;
  if (!isObject(vocabulary)) return null;
  const numbers = Object.values(vocabulary).filter(value => typeof value === 'number');
  return numbers.length === 0 ? null : numbers.reduce((highest, number) => Math.max(highest, number));
}

/** Each token of the vocabulary needs its row of the embedding; rows that no token uses do no harm. */
export function checkVocabulary({ highestToken }: TokenizerCheck, rows: number | null): Finding[] {
  if (highestToken === null || rows === null || rows < 1 || highestToken < rows) return [];
  const message = `The tokenizer has token numbers up to ${highestToken}, the model only ${rows} embeddings. Hand in the tokenizer that the model was trained with.`;
  return [broken('tokenizer', message)];
}
