import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** A kind of JSON value. Python tells 3 from 3.0, and so does the library. */
export const ValueKind = z.enum(['null', 'bool', 'int', 'float', 'str', 'list', 'object']);
export type ValueKind = z.infer<typeof ValueKind>;

/** What the library knows about the models of one type. */
export interface ModelType {
  readonly name: string;
  /** Classes that AutoModelForCausalLM and AutoModelForSeq2SeqLM make of it; empty where they refuse it. */
  readonly causal: readonly string[];
  readonly seq2seq: readonly string[];
  /** Other names of fields, each with the field that it stands for. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The kinds of values that a field takes; what is not named takes any. */
  readonly kinds: ReadonlyMap<string, readonly ValueKind[]>;
  /** What a field is where `config.json` does not say. */
  readonly defaults: ReadonlyMap<string, number | boolean | string | null>;
}

/** All that is known about model types, by the version of the library with which submissions are loaded. */
export interface ModelTypes {
  readonly version: string;
  readonly types: ReadonlyMap<string, ModelType>;
  /** Model types that the library has, and that are no language models. */
  readonly others: ReadonlySet<string>;
}

const Head = z.strictObject({
  transformers: z.string(),
  without_language_modelling_head: z.array(z.string()),
});
const Line = z.strictObject({
  model_type: z.string(),
  causal: z.array(z.string()),
  seq2seq: z.array(z.string()),
  aliases: z.record(z.string(), z.string()),
  fields: z.record(z.string(), z.array(z.string())),
  defaults: z.record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.null()])),
});

let known: Promise<ModelTypes> | undefined;

/**
 * The model types of the pinned library, read once from `model-types.jsonl`. That file was printed by the library itself
 * (`test/runs/intake/list-model-types.py`), and a test compares the two.
 */
export function modelTypes(): Promise<ModelTypes> {
  known ??= read();
  return known;
}

async function read(): Promise<ModelTypes> {
  const text = await readFile(new URL('./model-types.jsonl', import.meta.url), 'utf8');
  const [first = '', ...rest] = text.trimEnd().split('\n');
  const head = Head.parse(JSON.parse(first));
  const types = rest.map(line => toModelType(Line.parse(JSON.parse(line))));
  return {
    version: head.transformers,
    types: new Map(types.map(type => [type.name, type])),
    others: new Set(head.without_language_modelling_head),
  };
}

function toModelType({
  model_type,
  causal,
  seq2seq,
  aliases,
  fields,
  defaults,
}: z.infer<typeof Line>): ModelType {
  const kinds = Object.entries(fields).flatMap(([union, names]) => {
    const parsed = union.split('|').map(kind => ValueKind.parse(kind));
    return names.map(name => [name, parsed] as const);
  });
  return {
    name: model_type,
    causal,
    seq2seq,
    aliases: new Map(Object.entries(aliases)),
    kinds: new Map(kinds),
    defaults: new Map(Object.entries(defaults)),
  };
}
