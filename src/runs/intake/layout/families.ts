import type { ConfigReader } from '../config-reader.js';
import { bart, mbart } from './bart.js';
import { bloom } from './bloom.js';
import { gptNeo } from './gpt-neo.js';
import { gptNeox } from './gpt-neox.js';
import { gpt2 } from './gpt2.js';
import { gptj } from './gptj.js';
import type { Layout } from './layout.js';
import { gemma, gemma2, llama, mistral, qwen2, qwen3 } from './llama.js';
import { opt } from './opt.js';
import { phi } from './phi.js';
import { phi3 } from './phi3.js';
import { t5 } from './t5.js';

/** Describes the tensors of a model by its configuration; undefined for a build that is not described here. */
export type Family = (config: ConfigReader) => Layout | undefined;

/** The usual families, by model type and loader. A model of another one is accepted too; only less of it is checked before it is loaded. */
export const FAMILIES: Readonly<Record<'causal' | 'seq2seq', ReadonlyMap<string, Family>>> = {
  causal: new Map<string, Family>([
    ['bloom', bloom],
    ['gemma', gemma],
    ['gemma2', gemma2],
    ['gpt2', gpt2],
    ['gpt_neo', gptNeo],
    ['gpt_neox', gptNeox],
    ['gptj', gptj],
    ['llama', llama],
    ['mistral', mistral],
    ['opt', opt],
    ['phi', phi],
    ['phi3', phi3],
    ['qwen2', qwen2],
    ['qwen3', qwen3],
  ]),
  seq2seq: new Map<string, Family>([
    ['bart', bart],
    ['mbart', mbart],
    ['mt5', t5],
    ['t5', t5],
  ]),
};
