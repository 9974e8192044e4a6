import type { Finding } from '../outcome.js';
import { broken, quoted } from './findings.js';
import type { ModelType, ValueKind } from './model-types.js';
import { numberTexts } from './number-texts.js';
import { isObject } from './read-json.js';

/** `config.json`, read and as it is written. */
export interface ConfigText {
  readonly value: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/**
 * Compares the values of `config.json` with what the model's class takes: the library refuses a number that is written as a text, and 3.0 where a
 * whole number is asked for. Fields that the class does not have are left alone.
 */
export function checkConfigFields({ value, text }: ConfigText, type: ModelType): Finding[] {
  const texts = numberTexts(text);
  return Object.entries(value).flatMap(([key, entry]) => {
    const field = type.aliases.get(key) ?? key;
    const kinds = type.kinds.get(field) ?? [];
    const said = `config.json says ${key} is ${shown(entry, texts.get(key))}`;
    if (kinds.length > 0 && !kinds.includes(kindOf(entry, texts.get(key))))
      return [
        broken('config', `${said}, but it must be ${kinds.map(kind => KINDS[kind]).join(' or ')}. ${AGAIN}`),
      ];
    if (typeof entry === 'number' && !isPossible(key, field, entry, kinds))
      return [broken('config', `${said}, which no model has. ${AGAIN}`)];
    return [];
  });
}

const AGAIN = 'Save the model again with save_pretrained(folder).';

const KINDS: Readonly<Record<ValueKind, string>> = {
  null: 'null',
  bool: 'true or false',
  int: 'a whole number',
  float: 'a number with a decimal point',
  str: 'a text',
  list: 'a list',
  object: 'an object',
};

function kindOf(value: unknown, text: string | undefined): ValueKind {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return /[.eE]/.test(text ?? '') ? 'float' : 'int';
  if (typeof value === 'string') return 'str';
  return isObject(value) ? 'object' : 'list';
}

function shown(value: unknown, text: string | undefined): string {
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  if (typeof value === 'number') return text ?? String(value);
  if (isObject(value)) return 'an object';
  return Array.isArray(value) ? 'a list' : String(value);
}

/** What is counted or measured in a model. */
const SIZE =
  /(size|dim|layers?|heads?|positions|embeddings|groups|experts|buckets|_embd|_inner|_ctx|d_model|d_ff|d_kv)$/;
/** Without one of these there is no model. */
const NEEDED = /^(vocab_size|hidden_size|n_embd|d_model|num_attention_heads|num_heads|n_head|d_kv|head_dim)$/;

function isPossible(key: string, field: string, value: number, kinds: readonly ValueKind[]): boolean {
  const isSize = [key, field].some(name => SIZE.test(name)) && kinds.includes('int');
  if (!isSize) return true;
  return value >= (NEEDED.test(key) || NEEDED.test(field) ? 1 : 0);
}
