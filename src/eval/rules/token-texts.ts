import type { ModelFile } from '../../runs/intake/list-model-folder.js';
import { readJsonObject } from '../../runs/intake/read-json.js';

/** A token of several words. */
export interface TokenText {
  readonly file: string;
  readonly text: string;
}

const FILES = ['tokenizer.json', 'tokenizer_config.json', 'added_tokens.json', 'vocab.json'];
const MAX_BYTES = 100_000_000;
const FEWEST_WORDS = 5;

/** Tokens that are sentences: entries of a vocabulary, added tokens, special tokens. An honest tokenizer has none. */
export async function tokenTexts(folder: string, files: readonly ModelFile[]): Promise<TokenText[]> {
  const found: TokenText[] = [];
  for (const file of FILES.filter(name => files.some(({ path }) => path === name))) {
    const json = await readJsonObject(folder, file, MAX_BYTES);
    if (!json.ok) continue;
    for (const token of stringsAndKeys(json.value)) {
      const text = token.replaceAll(/[ĠĊ▁]/g, ' ');
      if (text.trim().split(/\s+/, FEWEST_WORDS).length === FEWEST_WORDS) found.push({ file, text });
    }
  }
  return found;
}

/** Vocabularies are written as keys, as lists, and as pairs of a token and a number. */
function* stringsAndKeys(value: unknown): Generator<string> {
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next === 'string') yield next;
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) yield* Object.keys(next);
    for (const child of Object.values(next)) if (isOpen(child)) open.push(child);
  }
}

function isOpen(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}
