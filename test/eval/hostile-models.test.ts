import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { Finding } from '../../src/runs/outcome.js';
import { mlrb } from '../cli/mlrb.js';
import { makeHome } from '../helpers/home.js';
import {
  editJson,
  freshFolder,
  growPositions,
  modelFolder,
  readTensors,
  writeRaw,
  writeTensors,
} from '../runs/intake/model-folder.js';

const WEIGHTS = 'model.safetensors';
const Judged = z.object({ outcome: z.string(), findings: z.array(Finding), scores: z.array(z.unknown()) });

/** What the operator is told of a model folder: invalid, by these sentences. */
async function refusal(home: string, folder: string): Promise<string> {
  const { stdout, stderr, code } = await mlrb(
    home,
    `evaluate --task mini_baby_lm --model "${folder}" --json`,
  );
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const { outcome, findings, scores } = Judged.parse(JSON.parse(stdout));
  expect({ outcome, scores }).toEqual({ outcome: 'invalid', scores: [] });
  return findings.map(({ rule, message }) => `${rule}: ${message}`).join('\n');
}

/** Leaves a mark where it is run: as a program, and as a pickle. */
const MARK = 'a-mark-of-code-that-ran';
const PICKLE = `cos\nsystem\n(S'touch ${MARK}'\ntR.`;

function spoilt(spoil: (folder: string) => void): string {
  const folder = modelFolder();
  spoil(folder);
  return folder;
}

function withHeader(text: string, length?: bigint): (folder: string) => void {
  return folder => writeRaw(join(folder, WEIGHTS), text, new Uint8Array(8), length);
}

describe('without any Python, a model that', () => {
  /** Has no Python environment: whatever asked for one would have to make it first. */
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.each<[string, (folder: string) => void, string]>([
    [
      'is a pickle that runs a program',
      folder => writeFileSync(join(folder, 'pytorch_model.bin'), PICKLE),
      'files: Weights are accepted as safetensors only: remove "pytorch_model.bin"',
    ],
    [
      'is a pickle under the name of safe weights',
      folder => writeFileSync(join(folder, WEIGHTS), PICKLE),
      'tensors: "model.safetensors" is not a sound safetensors file',
    ],
    [
      'comes with code and a pointer to it',
      folder => {
        writeFileSync(join(folder, 'modeling.py'), `open(${JSON.stringify(MARK)}, "w")`);
        editJson(folder, 'config.json', { auto_map: { AutoModelForCausalLM: 'modeling.Model' } });
      },
      'config: config.json has the key "auto_map"',
    ],
    [
      'comes with code for generation',
      folder => {
        mkdirSync(join(folder, 'custom_generate'));
        writeFileSync(join(folder, 'custom_generate', 'generate.py'), `open(${JSON.stringify(MARK)}, "w")`);
      },
      'files: Subfolders are not accepted: remove "custom_generate"',
    ],
    [
      'has its weights elsewhere, by an index',
      folder => {
        const outside = join(freshFolder(), 'outside.safetensors');
        renameSync(join(folder, WEIGHTS), outside);
        const map = { 'transformer.wte.weight': outside };
        writeFileSync(join(folder, `${WEIGHTS}.index.json`), JSON.stringify({ weight_map: map }));
      },
      'tensors: There are no weights: model.safetensors.index.json names none that lie in this folder',
    ],
    [
      'has some of its weights elsewhere, by an index',
      folder => {
        const shard = 'model-00001-of-00001.safetensors';
        const names = Object.keys(readTensors(join(folder, WEIGHTS)));
        const outside = join(freshFolder(), 'outside.safetensors');
        writeTensors(outside, readTensors(join(folder, WEIGHTS)));
        renameSync(join(folder, WEIGHTS), join(folder, shard));
        const map = { ...Object.fromEntries(names.map(name => [name, shard])), [names[0] ?? '']: outside };
        writeFileSync(join(folder, `${WEIGHTS}.index.json`), JSON.stringify({ weight_map: map }));
      },
      'which is no weight file of this folder',
    ],
    [
      'has a link for its weights',
      folder => {
        const outside = join(freshFolder(), WEIGHTS);
        renameSync(join(folder, WEIGHTS), outside);
        symlinkSync(outside, join(folder, WEIGHTS));
      },
      'files: Symbolic links are not accepted: replace "model.safetensors"',
    ],
    [
      'is an adapter for a model elsewhere',
      folder =>
        writeFileSync(
          join(folder, 'adapter_config.json'),
          JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: freshFolder() }),
        ),
      'files: Adapters are not accepted: merge "adapter_config.json" into the model',
    ],
    [
      'computes its attention by a kernel of the hub',
      folder => editJson(folder, 'config.json', { _attn_implementation: 'someone/kernel' }),
      'config: config.json has the key "_attn_implementation", which names code to be fetched',
    ],
    [
      'is quantised',
      folder => editJson(folder, 'config.json', { quantization_config: { load_in_4bit: true } }),
      'config: config.json has the key "quantization_config"',
    ],
    [
      'claims ten million layers',
      folder => editJson(folder, 'config.json', { n_layer: 1e7 }),
      'config: config.json says n_layer is 10000000',
    ],
    [
      'lacks a tensor',
      folder => {
        const { 'transformer.ln_f.weight': _, ...rest } = readTensors(join(folder, WEIGHTS));
        writeTensors(join(folder, WEIGHTS), structuredClone(rest));
      },
      'tensors: The weights lack "transformer.ln_f.weight"',
    ],
    ['has a header of 2^40 bytes', withHeader('{}', 2n ** 40n), 'its header does not fit into it'],
    [
      'names a tensor twice',
      withHeader('{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{}}'),
      'its header names "a" twice',
    ],
    [
      'takes 50 GB as a hole in its file',
      folder => truncateSync(join(folder, WEIGHTS), 50e9),
      'size: The model folder holds 50',
    ],
    [
      'has a larger vocabulary than its embedding',
      folder => {
        const vocab = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`token ${at}`, at]));
        editJson(folder, 'tokenizer.json', { model: { type: 'BPE', vocab, merges: [] } });
      },
      'tokenizer: The tokenizer has token numbers up to 999',
    ],
    [
      'is an encoder-decoder by name and none by its type',
      folder => editJson(folder, 'config.json', { architectures: ['T5ForConditionalGeneration'] }),
      'of which AutoModelForSeq2SeqLM makes no model',
    ],
    [
      'is a masked language model',
      folder => editJson(folder, 'config.json', { model_type: 'bert', architectures: ['BertForMaskedLM'] }),
      'config: "BertForMaskedLM" is a masked language model',
    ],
  ])('%s is invalid, and nothing of it has run', async (_, spoil, reason) => {
    const folder = spoilt(spoil);
    expect(await refusal(home, folder)).toContain(reason);
    for (const place of [process.cwd(), folder, home]) expect(existsSync(join(place, MARK))).toBe(false);
    expect(existsSync(join(home, 'python'))).toBe(false);
  });

  test('is an empty folder is invalid', async () => {
    expect(await refusal(home, freshFolder())).toContain('files: The model folder is empty');
  });

  test('is 100,000 files is invalid', async () => {
    const folder = freshFolder();
    for (let at = 0; at < 100_000; at++) writeFileSync(join(folder, `${at}`), '');
    expect(await refusal(home, folder)).toContain('files: The model folder holds over');
  }, 300_000);
});

describe('by the scorer, a model that', () => {
  test.each<[string, (folder: string) => void, string]>([
    [
      'has a tokenizer without a BOS and an EOS token',
      folder => editJson(folder, 'tokenizer_config.json', { bos_token: undefined, eos_token: undefined }),
      'tokenizer: The tokenizer has neither a BOS nor an EOS token',
    ],
    ['takes 8 tokens', folder => growPositions(folder, 8), 'config: The model takes 8 tokens at most'],
  ])(
    '%s is invalid with the reason',
    async (_, spoil, reason) => {
      const home = await makeHome();
      onTestFinished(() => home[Symbol.asyncDispose]());
      expect(await refusal(home.path, spoilt(spoil))).toContain(reason);
    },
    300_000,
  );
});
