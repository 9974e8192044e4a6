import type { Finding } from '../outcome.js';
import { broken, quoted } from './findings.js';
import { isObject } from './read-json.js';

export type Architecture = 'causal' | 'seq2seq';

/** What `config.json` says about the kind of model, and what speaks against it. */
export interface ConfigCheck {
  readonly architecture: Architecture | null;
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

/** Checks `config.json` by itself: forbidden keys, and an architecture that the task accepts. */
export function checkConfig(
  config: Readonly<Record<string, unknown>>,
  accepted: readonly Architecture[],
): ConfigCheck {
  const findings = FORBIDDEN_KEYS.filter(([key]) => hasKey(config, key)).map(([key, reason]) =>
    broken('config', `config.json has the key "${key}": ${reason}. Remove it.`),
  );
  const named = Array.isArray(config.architectures) ? config.architectures[0] : undefined;
  if (typeof named !== 'string' || typeof config.model_type !== 'string') {
    const message =
      'config.json must name "architectures" and "model_type", as save_pretrained(folder) writes them.';
    return { architecture: null, findings: [...findings, broken('config', message)] };
  }
  const architecture = architectureOf(named);
  const refusal = whyRefused(named, architecture, accepted);
  return {
    architecture,
    findings: refusal === undefined ? findings : [...findings, broken('config', refusal)],
  };
}

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

function architectureOf(name: string): Architecture | null {
  if (/(ForCausalLM|LMHeadModel)$/.test(name)) return 'causal';
  return /(ForConditionalGeneration|EncoderDecoderModel)$/.test(name) ? 'seq2seq' : null;
}

const LOADERS = { causal: 'AutoModelForCausalLM', seq2seq: 'AutoModelForSeq2SeqLM' } as const;

function whyRefused(
  name: string,
  architecture: Architecture | null,
  accepted: readonly Architecture[],
): string | undefined {
  const loaders = accepted.map(kind => LOADERS[kind]).join(' or ');
  if (/MaskedLM$/.test(name)) {
    return `${quoted(name)} is a masked language model: it sees what stands after a word, so it gives no probability of a sentence. Hand in a model that ${loaders} loads.`;
  }
  if (architecture === null)
    return `${quoted(name)} has no language-modelling head. Hand in a model that ${loaders} loads.`;
  if (!accepted.includes(architecture))
    return `${quoted(name)} is not accepted for this task. Hand in a model that ${loaders} loads.`;
  return undefined;
}
