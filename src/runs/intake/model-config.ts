import { nearest } from '../../lib/suggest.js';
import type { Finding } from '../outcome.js';
import { type ConfigText, checkConfigFields } from './config-fields.js';
import { broken, quoted } from './findings.js';
import type { ModelType, ModelTypes } from './model-types.js';
import { isObject } from './read-json.js';

export type Architecture = 'causal' | 'seq2seq';

/** What `config.json` says about the kind of model, and what speaks against it. */
export interface ConfigCheck {
  readonly architecture: Architecture | null;
  /** Absent where the library does not know the model type. */
  readonly type: ModelType | undefined;
  readonly findings: readonly Finding[];
}

const FORBIDDEN_KEYS: readonly (readonly [string, string])[] = [
  ['auto_map', 'it points to code, which is not run; use a model class of the transformers library'],
  [
    'quantization_config',
    'quantised models are not accepted; save the weights as float32, float16 or bfloat16',
  ],
  ['transformers_weights', 'it points to weights elsewhere; save the whole model into the folder'],
];

/** Checks `config.json` by itself: forbidden keys, and a model that the library knows and the task accepts. */
export function checkConfig(
  config: ConfigText,
  accepted: readonly Architecture[],
  { types, others, version }: ModelTypes,
): ConfigCheck {
  const { architectures, model_type } = config.value;
  const forbidden = FORBIDDEN_KEYS.filter(([key]) => hasKey(config.value, key)).map(([key, reason]) =>
    broken('config', `config.json has the key "${key}": ${reason}. Remove it.`),
  );
  const kernels = KERNEL_KEYS.filter(key => namesKernel(config.value[key])).map(key =>
    broken(
      'config',
      `config.json has the key "${key}", which names code to be fetched, and none is run. Remove it.`,
    ),
  );
  const refused = [...forbidden, ...kernels];
  const named = Array.isArray(architectures) ? architectures[0] : undefined;
  if (typeof named !== 'string' || typeof model_type !== 'string')
    return { architecture: null, type: undefined, findings: [...refused, broken('config', UNNAMED)] };
  const type = types.get(model_type);
  const architecture = architectureOf(named, type);
  const refusals = [
    whyRefused(named, architecture, accepted),
    type === undefined
      ? whyUnknown(model_type, accepted, { types, others, version })
      : whyOtherLoader(named, architecture, type),
  ].filter(sentence => sentence !== undefined);
  return {
    architecture,
    type,
    findings: [
      ...refused,
      ...refusals.map(sentence => broken('config', sentence)),
      ...(type === undefined ? [] : checkConfigFields(config, type)),
    ],
  };
}

/** How the model is computed; scoring chooses that itself. The library's own ways are words, another's is `owner/name`. */
const KERNEL_KEYS = [
  'attn_implementation',
  '_attn_implementation',
  'experts_implementation',
  '_experts_implementation',
];

/** There may be one word for each part of the model. */
function namesKernel(value: unknown): boolean {
  if (isObject(value))
    return Object.values(value).some(part => typeof part === 'string' && part.includes('/'));
  return typeof value === 'string' && value.includes('/');
}

const UNNAMED =
  'config.json must name "architectures" and "model_type", as save_pretrained(folder) writes them.';

/** Nested configurations count: `text_config` and the like. */
function hasKey(value: unknown, key: string): boolean {
  const open: unknown[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (isObject(next) && next[key] !== undefined && next[key] !== null) return true;
    if (typeof next === 'object' && next !== null)
      open.push(...Object.values(next).filter(child => typeof child === 'object' && child !== null));
  }
  return false;
}

function architectureOf(name: string, type: ModelType | undefined): Architecture | null {
  if (type?.causal.includes(name)) return 'causal';
  if (type?.seq2seq.includes(name)) return 'seq2seq';
  if (/(ForCausalLM|LMHeadModel)$/.test(name)) return 'causal';
  return /(ForConditionalGeneration|EncoderDecoderModel)$/.test(name) ? 'seq2seq' : null;
}

const LOADERS = { causal: 'AutoModelForCausalLM', seq2seq: 'AutoModelForSeq2SeqLM' } as const;

function whyUnknown(
  modelType: string,
  accepted: readonly Architecture[],
  { types, others, version }: ModelTypes,
): string {
  if (others.has(modelType))
    return `Models of the type ${quoted(modelType)} have no language-modelling head. Hand in a model that ${loadersOf(accepted)} loads.`;
  const guess = nearest(modelType.slice(0, 60), [...types.keys()]);
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return `config.json has the model type ${quoted(modelType)}, which transformers ${version} does not know.${hint} Hand in a model that ${loadersOf(accepted)} loads.`;
}

/** The loader makes of a configuration the class that belongs to its type, whatever class is named in it. */
function whyOtherLoader(
  name: string,
  architecture: Architecture | null,
  type: ModelType,
): string | undefined {
  if (architecture === null || type[architecture].length > 0) return undefined;
  return `config.json names ${quoted(name)} with the model type ${quoted(type.name)}, of which ${LOADERS[architecture]} makes no model. Save the model again with save_pretrained(folder).`;
}

function loadersOf(accepted: readonly Architecture[]): string {
  return accepted.map(kind => LOADERS[kind]).join(' or ');
}

function whyRefused(
  name: string,
  architecture: Architecture | null,
  accepted: readonly Architecture[],
): string | undefined {
  const loaders = loadersOf(accepted);
  if (/MaskedLM$/.test(name)) {
    return `${quoted(name)} is a masked language model: it sees what stands after a word, so it gives no probability of a sentence. Hand in a model that ${loaders} loads.`;
  }
  if (architecture === null)
    return `${quoted(name)} has no language-modelling head. Hand in a model that ${loaders} loads.`;
  if (!accepted.includes(architecture))
    return `${quoted(name)} is not accepted for this task. Hand in a model that ${loaders} loads.`;
  return undefined;
}
