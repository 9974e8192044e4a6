import { spawnSync } from 'node:child_process';
import {
  cpSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { inspectModelFolder } from '../../../src/runs/intake/inspect-model-folder.js';
import { miniBabyLm } from '../../../src/tasks/mini-baby-lm/task.js';
import {
  editJson,
  example,
  float32,
  freshFolder,
  limits,
  messagesOf,
  modelFolder,
  readTensors,
  type Tensors,
  writeRaw,
  writeTensors,
} from './model-folder.js';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** The only finding of a model that was sound before `spoil`. */
async function only(spoil: (folder: string) => void): Promise<{ rule: string; message: string }> {
  const folder = modelFolder();
  spoil(folder);
  const { findings } = await inspectModelFolder(folder, limits);
  expect(findings).toHaveLength(1);
  const [finding] = findings;
  if (finding === undefined) throw new Error('no finding');
  expect(finding.severity).toBe('broken');
  expect(miniBabyLm.rules.map(rule => rule.id)).toContain(finding.rule);
  return finding;
}

/** Splits the weights of the example into two shards with an index. */
function shard(folder: string): void {
  const entries = Object.entries(readTensors(join(folder, WEIGHTS)));
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const halves = [entries.slice(0, 4), entries.slice(4)] as const;
  const map: Record<string, string> = {};
  for (const at of [0, 1] as const) {
    writeTensors(join(folder, names[at]), Object.fromEntries(halves[at]));
    for (const [name] of halves[at]) map[name] = names[at];
  }
  writeFileSync(join(folder, INDEX), JSON.stringify({ metadata: {}, weight_map: map }));
  rmSync(join(folder, WEIGHTS));
}

function editIndex(folder: string, edit: (map: Record<string, string>) => void): void {
  const index = JSON.parse(readFileSync(join(folder, INDEX), 'utf8'));
  edit(index.weight_map);
  writeFileSync(join(folder, INDEX), JSON.stringify(index));
}

/** Rewrites one tensor of the example. */
function editTensors(folder: string, edit: (tensors: ReturnType<typeof readTensors>) => void): void {
  const path = join(folder, WEIGHTS);
  const tensors = Object.fromEntries(
    Object.entries(readTensors(path)).map(([name, tensor]) => [
      name,
      { ...tensor, data: Uint8Array.from(tensor.data) },
    ]),
  );
  edit(tensors);
  writeTensors(path, tensors);
}

/** Replaces text in the configuration of the example. */
function editText(folder: string, old: string, replacement: string): void {
  const path = join(folder, 'config.json');
  const text = readFileSync(path, 'utf8');
  if (!text.includes(old)) throw new Error(`config.json does not hold ${old}`);
  writeFileSync(path, text.replace(old, replacement));
}

/** A model type that the library loads, and that is not among the usual ones. */
const UNUSUAL = { model_type: 'codegen', architectures: ['CodeGenForCausalLM'] };

const ONE_TENSOR = { 'a.weight': { dtype: 'F32', shape: [2], data: float32(1, 2) } };

describe('a sound model', () => {
  test('is accepted, and its parameters are counted from the shapes of its tensors', async () => {
    const inspection = await inspectModelFolder(modelFolder(), limits);
    expect(inspection.findings).toEqual([]);
    // Tokens, positions, the last norm; in each block 12 width² of weights, and 13 width of biases and norms.
    const { vocab_size, n_positions, n_layer, n_embd: width } = example;
    expect(inspection.parameters).toBe(
      (vocab_size + n_positions + 2) * width + n_layer * (12 * width ** 2 + 13 * width),
    );
    expect(inspection.architecture).toBe('causal');
    expect(inspection.bytes).toBe(inspection.files.reduce((sum, file) => sum + file.bytes, 0));
  });

  test('is accepted in shards with an index', async () => {
    const folder = modelFolder();
    shard(folder);
    expect((await inspectModelFolder(folder, limits)).findings).toEqual([]);
  });

  test('is accepted in bfloat16', async () => {
    const folder = modelFolder();
    editTensors(folder, tensors => {
      for (const [name, { shape, data }] of Object.entries(tensors)) {
        const halves = new Uint16Array(data.buffer, 0, data.length / 2).filter((_, at) => at % 2 === 1);
        tensors[name] = { dtype: 'BF16', shape, data: new Uint8Array(halves.buffer) };
      }
    });
    expect((await inspectModelFolder(folder, limits)).findings).toEqual([]);
  });

  test('that is an encoder-decoder counts as seq2seq', async () => {
    const folder = modelFolder();
    editJson(folder, 'config.json', {
      architectures: ['T5ForConditionalGeneration'],
      is_encoder_decoder: true,
    });
    expect((await inspectModelFolder(folder, limits)).architecture).toBe('seq2seq');
  });
});

describe('what is no folder of a model', () => {
  test.each([
    ['nothing there', () => join(freshFolder(), 'nothing'), 'There is no model folder at that path.'],
    [
      'a path below a file',
      () => join(modelFolder(), 'config.json', 'x'),
      'There is no model folder at that path.',
    ],
    ['a file', () => join(modelFolder(), 'config.json'), 'is a file, not a folder'],
    ['an empty folder', () => freshFolder(), 'The model folder is empty.'],
    [
      'a link to a folder',
      () => {
        const link = join(freshFolder(), 'link');
        symlinkSync(modelFolder(), link);
        return link;
      },
      'is a symbolic link',
    ],
  ])('%s is refused with its own sentence', async (_, make, sentence) => {
    const { findings } = await inspectModelFolder(make(), limits);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toContain(sentence);
  });

  test('a folder of thousands of files is not read to its end', async () => {
    const folder = freshFolder();
    for (let at = 0; at <= 1000; at++) writeFileSync(join(folder, `${at}.json`), '');
    const { findings } = await inspectModelFolder(folder, limits);
    expect(findings.map(finding => finding.message)).toEqual([expect.stringContaining('over 1,000 entries')]);
  });
});

describe('files that are refused', () => {
  test.each([
    'pytorch_model.bin',
    'model.pt',
    'a.pth',
    'a.ckpt',
    'a.pkl',
    'a.npz',
    'a.h5',
    'a.msgpack',
    'a.onnx',
    'a.gguf',
  ])('weights in %s, which is not safetensors', async name => {
    const { rule, message } = await only(folder => writeFileSync(join(folder, name), 'x'));
    expect(rule).toBe('files');
    expect(message).toContain(`safetensors only: remove "${name}"`);
  });

  test.each(['modeling_x.py', 'kernel.so', 'run.sh'])('code in %s', async name => {
    expect((await only(folder => writeFileSync(join(folder, name), ''))).message).toContain(
      'Code is not accepted',
    );
  });

  test.each(['adapter_config.json', 'adapter_model.safetensors'])('the adapter %s', async name => {
    expect((await only(folder => writeFileSync(join(folder, name), '{}'))).message).toContain(
      'merge_and_unload',
    );
  });

  test('a name that no model has, shown without its control characters', async () => {
    const { message } = await only(folder =>
      writeFileSync(join(folder, `x\n\u001b[31m"${'y'.repeat(150)}`), ''),
    );
    expect(message).toContain('"x\ufffd\ufffd[31m\ufffdyyy');
    expect(message).toContain('…"');
  });

  test('subfolders, which could hold custom generation code', async () => {
    expect((await only(folder => mkdirSync(join(folder, 'custom_generate')))).message).toContain(
      'Subfolders are not accepted',
    );
  });

  test('a symbolic link in place of the weights, even under the right name', async () => {
    const folder = modelFolder();
    const outside = join(freshFolder(), 'w.safetensors');
    renameSync(join(folder, WEIGHTS), outside);
    symlinkSync(outside, join(folder, WEIGHTS));
    const { findings } = await inspectModelFolder(folder, limits);
    expect(messagesOf(findings, 'files')).toEqual([
      expect.stringContaining('Symbolic links are not accepted'),
    ]);
  });

  test('a hard link to a file elsewhere', async () => {
    const folder = modelFolder();
    linkSync(join(folder, WEIGHTS), join(freshFolder(), 'other'));
    const { findings } = await inspectModelFolder(folder, limits);
    expect(messagesOf(findings, 'files')).toEqual([expect.stringContaining('Hard links are not accepted')]);
  });

  test('a FIFO under the name of the configuration, without waiting for it', async () => {
    const folder = modelFolder();
    rmSync(join(folder, 'config.json'));
    expect(spawnSync('mkfifo', [join(folder, 'config.json')]).status).toBe(0);
    const { findings } = await inspectModelFolder(folder, limits);
    expect(messagesOf(findings, 'files')).toEqual([expect.stringContaining('device, FIFO or socket')]);
  });

  test('a file whose name is not UTF-8', async () => {
    const { message } = await only(folder =>
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9])]), ''),
    );
    expect(message).toContain('Names must be in UTF-8: remove or rename "caf\ufffd"');
  });

  test('a socket', async () => {
    const folder = modelFolder();
    const server = createServer();
    await new Promise<void>(resolve => server.listen(join(folder, 'README.md'), resolve));
    const { findings } = await inspectModelFolder(folder, limits);
    await new Promise(resolve => server.close(resolve));
    expect(messagesOf(findings, 'files')).toEqual([expect.stringContaining('device, FIFO or socket')]);
  });

  test('all of them at once, each with its sentence', async () => {
    const folder = modelFolder();
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    writeFileSync(join(folder, 'train.py'), '');
    writeFileSync(join(folder, 'notes.doc'), '');
    mkdirSync(join(folder, 'checkpoint-1'));
    rmSync(join(folder, 'tokenizer.json'));
    editJson(folder, 'config.json', { auto_map: { AutoModel: 'x.Y' }, vocab_size: 999 });
    const { findings } = await inspectModelFolder(folder, limits);
    expect(findings.map(finding => finding.rule)).toEqual([
      'files',
      'files',
      'files',
      'files',
      'config',
      'tokenizer',
      'config',
    ]);
  });
});

describe('sizes', () => {
  test('a sparse file of a terabyte is refused by its size, unread', async () => {
    const { rule, message } = await only(folder => truncateSync(join(folder, WEIGHTS), 1e12));
    expect(rule).toBe('size');
    expect(message).toBe('The model folder holds 1.0 TB, the task allows 1.0 GB. Hand in a smaller model.');
  });

  test('more parameters than the task allows', async () => {
    const { findings } = await inspectModelFolder(modelFolder(), { ...limits, max_parameters: 1000 });
    expect(messagesOf(findings, 'size')).toEqual([
      expect.stringMatching(/has [\d,]+ parameters, the task allows 1,000/),
    ]);
  });
});

describe('config.json', () => {
  test.each([
    ['missing', (folder: string) => rmSync(join(folder, 'config.json')), 'config.json is missing'],
    ['not JSON', (folder: string) => writeFileSync(join(folder, 'config.json'), '{'), 'not a JSON object'],
    ['a list', (folder: string) => writeFileSync(join(folder, 'config.json'), '[]'), 'not a JSON object'],
    [
      'nested without end',
      (folder: string) => writeFileSync(join(folder, 'config.json'), '['.repeat(400_000)),
      'not a JSON object',
    ],
    [
      'huge',
      (folder: string) => writeFileSync(join(folder, 'config.json'), ' '.repeat(1_000_001)),
      'larger than 1 MB',
    ],
    ['with auto_map', (folder: string) => editJson(folder, 'config.json', { auto_map: {} }), '"auto_map"'],
    [
      'with auto_map further down',
      (folder: string) =>
        editJson(folder, 'config.json', { text_config: { auto_map: { AutoModel: 'x.Y' } } }),
      '"auto_map"',
    ],
    [
      'with quantization_config',
      (folder: string) => editJson(folder, 'config.json', { quantization_config: { bits: 4 } }),
      'quantised models',
    ],
    [
      'with weights elsewhere',
      (folder: string) => editJson(folder, 'config.json', { transformers_weights: '../x' }),
      'transformers_weights',
    ],
    [
      'with attention by a kernel from elsewhere',
      (folder: string) => editJson(folder, 'config.json', { _attn_implementation: 'someone/kernel' }),
      '"_attn_implementation", which names code to be fetched',
    ],
    [
      'with attention by a kernel from elsewhere for a part of the model',
      (folder: string) =>
        editJson(folder, 'config.json', {
          attn_implementation: { '': 'sdpa', decoder: 'flash|someone/kernel' },
        }),
      '"attn_implementation", which names code to be fetched',
    ],
    [
      'without architectures',
      (folder: string) => editJson(folder, 'config.json', { architectures: undefined }),
      'must name "architectures"',
    ],
    [
      'without model_type',
      (folder: string) => editJson(folder, 'config.json', { model_type: undefined }),
      'must name "architectures"',
    ],
    [
      'of a masked model',
      (folder: string) => editJson(folder, 'config.json', { architectures: ['BertForMaskedLM'] }),
      'masked language model',
    ],
    [
      'of a classifier',
      (folder: string) =>
        editJson(folder, 'config.json', { architectures: ['GPT2ForSequenceClassification'] }),
      'no language-modelling head',
    ],
    [
      'of ten million layers',
      (folder: string) => editJson(folder, 'config.json', { n_layer: 1e7 }),
      `n_layer is 10000000, the weights hold ${example.n_layer} layers below transformer.h`,
    ],
    [
      'with another vocabulary than the embedding',
      (folder: string) => editJson(folder, 'config.json', { vocab_size: 50257 }),
      'vocab_size is 50257',
    ],
    [
      'with another width than the tensors',
      (folder: string) => editJson(folder, 'config.json', { n_embd: 768 }),
      'n_embd is 768',
    ],
    [
      'with more positions than the weights',
      (folder: string) => editJson(folder, 'config.json', { n_positions: 1e6 }),
      `n_positions is 1000000, but "transformer.wpe.weight" has the shape ${example.n_positions} x ${example.n_embd}`,
    ],
    [
      'with the number of heads negative',
      (folder: string) => editJson(folder, 'config.json', { n_head: -2 }),
      'n_head is -2, which no model has',
    ],
    [
      'with no vocabulary',
      (folder: string) => editJson(folder, 'config.json', { vocab_size: 0 }),
      'vocab_size is 0, which no model has',
    ],
    [
      'with a width that the heads do not divide',
      (folder: string) => editJson(folder, 'config.json', { n_head: 7 }),
      'and n_head is 7, but the first must be a multiple of the second',
    ],
    [
      'with a number as a text',
      (folder: string) => editJson(folder, 'config.json', { n_embd: '32' }),
      'n_embd is the text "32", but it must be a whole number',
    ],
    [
      'with a number as a text under the other name of its field',
      (folder: string) => editJson(folder, 'config.json', { n_embd: undefined, hidden_size: '32' }),
      'hidden_size is the text "32", but it must be a whole number',
    ],
    [
      'with a whole number that has a decimal point',
      (folder: string) => editText(folder, '"n_head": 2', '"n_head": 2.0'),
      'n_head is 2.0, but it must be a whole number',
    ],
    [
      'with a list in place of a number',
      (folder: string) => editJson(folder, 'config.json', { n_inner: [128] }),
      'n_inner is a list, but it must be null or a whole number',
    ],
    [
      'without a number where one is needed',
      (folder: string) => editJson(folder, 'config.json', { vocab_size: null }),
      'vocab_size is null, but it must be a whole number',
    ],
    [
      'with a number in place of a switch',
      (folder: string) => editJson(folder, 'config.json', { tie_word_embeddings: 1 }),
      'tie_word_embeddings is 1, but it must be true or false',
    ],
    [
      'of a misspelt type',
      (folder: string) => editJson(folder, 'config.json', { model_type: 'gpt-2' }),
      'the model type "gpt-2", which transformers 5.18.0 does not know. Did you mean "gpt2"?',
    ],
    [
      'of a type without a language-modelling head',
      (folder: string) => editJson(folder, 'config.json', { model_type: 'albert' }),
      'Models of the type "albert" have no language-modelling head',
    ],
    [
      'of a type that the named class is not of',
      (folder: string) => editJson(folder, 'config.json', { architectures: ['T5ForConditionalGeneration'] }),
      'names "T5ForConditionalGeneration" with the model type "gpt2", of which AutoModelForSeq2SeqLM makes no model',
    ],
    [
      'that leaves out what differs from the defaults',
      (folder: string) => editJson(folder, 'config.json', { n_embd: undefined }),
      `n_embd is 768, but "transformer.wte.weight" has the shape ${example.vocab_size} x ${example.n_embd}`,
    ],
    [
      'with absurd numbers',
      (folder: string) => editJson(folder, 'config.json', { n_inner: 1e300 }),
      'which no model has',
    ],
    [
      'with a million experts',
      (folder: string) => editJson(folder, 'config.json', { num_local_experts: 1e6 }),
      'more than the weights can hold',
    ],
    [
      'of a family whose tensors are not known, with a vocabulary that no tensor has',
      (folder: string) => editJson(folder, 'config.json', { ...UNUSUAL, vocab_size: 50257 }),
      'vocab_size is 50257, but no tensor has that length',
    ],
    [
      'of a family whose tensors are not known, with another width than the tensors',
      (folder: string) => editJson(folder, 'config.json', { ...UNUSUAL, n_embd: 768 }),
      'n_embd is 768, but no tensor has that length',
    ],
    [
      'of a family whose tensors are not known, with more positions than the weights',
      (folder: string) => editJson(folder, 'config.json', { ...UNUSUAL, n_positions: 1e6 }),
      `${example.n_positions} positions at most`,
    ],
    [
      'of a family whose tensors are not known, with thousands of layers',
      (folder: string) => editJson(folder, 'config.json', { ...UNUSUAL, n_layer: 9999 }),
      /n_layer is 9999, the weights hold \d+ tensors/,
    ],
    [
      'with a million layers further down',
      (folder: string) =>
        editJson(folder, 'config.json', { ...UNUSUAL, text_config: { num_hidden_layers: 1e6 } }),
      'num_hidden_layers is 1000000, more than the weights can hold',
    ],
  ])('%s is refused at once', async (_, spoil, sentence) => {
    const folder = modelFolder();
    spoil(folder);
    const { findings } = await inspectModelFolder(folder, limits);
    const messages = messagesOf(findings, 'config');
    expect(messages.length).toBe(findings.length);
    expect(messages.join(' ')).toEqual(
      typeof sentence === 'string' ? expect.stringContaining(sentence) : expect.stringMatching(sentence),
    );
  });

  test('of a causal model is refused where an encoder-decoder is asked for', async () => {
    const { findings } = await inspectModelFolder(modelFolder(), { ...limits, architectures: ['seq2seq'] });
    expect(messagesOf(findings, 'config')).toEqual([
      expect.stringContaining(
        '"GPT2LMHeadModel" is not accepted for this task. Hand in a model that AutoModelForSeq2SeqLM loads',
      ),
    ]);
  });

  test('of an encoder-decoder is refused where a causal model is asked for', async () => {
    const folder = modelFolder();
    editJson(folder, 'config.json', { model_type: 't5', architectures: ['T5ForConditionalGeneration'] });
    const { findings } = await inspectModelFolder(folder, { ...limits, architectures: ['causal'] });
    expect(messagesOf(findings, 'config')[0]).toContain(
      '"T5ForConditionalGeneration" is not accepted for this task. Hand in a model that AutoModelForCausalLM loads',
    );
  });

  test.each(['sdpa', 'eager', null, { '': 'flash_attention_2' }])(
    'that names attention of the library, %j, is accepted',
    async attention => {
      const folder = modelFolder();
      editJson(folder, 'config.json', { attn_implementation: attention });
      expect((await inspectModelFolder(folder, limits)).findings).toEqual([]);
    },
  );
});

describe('the tensors of a usual model', () => {
  test.each([
    [
      'with one missing',
      (tensors: Tensors) => {
        delete tensors['transformer.ln_f.weight'];
      },
      'The weights lack "transformer.ln_f.weight"',
    ],
    [
      'with one that the model does not have',
      (tensors: Tensors) => {
        tensors['extra.weight'] = { dtype: 'F32', shape: [1], data: float32(1) };
      },
      'hold tensors that the model does not have: "extra.weight"',
    ],
    [
      'with a layer too many',
      (tensors: Tensors) => {
        for (const [name, tensor] of Object.entries(tensors))
          tensors[name.replace('.h.0.', `.h.${example.n_layer}.`)] ??= tensor;
      },
      `n_layer is ${example.n_layer}, the weights hold ${example.n_layer + 1} layers below transformer.h`,
    ],
    [
      'with one of another shape',
      (tensors: Tensors) => {
        const name = 'transformer.h.0.mlp.c_fc.bias';
        tensors[name] = { dtype: 'F32', shape: [5], data: new Uint8Array(4 * 5) };
      },
      `asks for the shape ${4 * example.n_embd} (by n_embd), but "transformer.h.0.mlp.c_fc.bias" has the shape 5.`,
    ],
    [
      'with one of other dimensions',
      (tensors: Tensors) => {
        const name = 'transformer.ln_f.bias';
        tensors[name] = {
          dtype: 'F32',
          shape: [example.n_embd, 1],
          data: new Uint8Array(4 * example.n_embd),
        };
      },
      `asks for the shape ${example.n_embd}, but "transformer.ln_f.bias" has the shape ${example.n_embd} x 1`,
    ],
  ])('%s are refused', async (_, edit, sentence) => {
    expect((await only(folder => editTensors(folder, edit))).message).toContain(sentence);
  });

  test('without a head are refused unless the head is tied to the embedding', async () => {
    const { message } = await only(folder => editJson(folder, 'config.json', { tie_word_embeddings: false }));
    expect(message).toContain('The weights lack "lm_head.weight"');
  });

  test('are named one by one where they are another model’s', async () => {
    const folder = modelFolder();
    editJson(folder, 'config.json', { model_type: 'llama', architectures: ['LlamaForCausalLM'] });
    const messages = messagesOf((await inspectModelFolder(folder, limits)).findings, 'tensors');
    expect(messages).toEqual([
      expect.stringContaining('lack "model.embed_tokens.weight"'),
      expect.stringContaining('does not have: "transformer.h.0.attn.c_attn.bias"'),
    ]);
  });
});

describe('the tokenizer', () => {
  test.each([
    ['missing', (folder: string) => rmSync(join(folder, 'tokenizer.json')), 'tokenizer.json is needed'],
    ['not JSON', (folder: string) => writeFileSync(join(folder, 'tokenizer.json'), 'x'), 'not a JSON object'],
    [
      'with code',
      (folder: string) => editJson(folder, 'tokenizer_config.json', { auto_map: {} }),
      'it points to code',
    ],
  ])('%s is refused', async (_, spoil, sentence) => {
    const { rule, message } = await only(spoil);
    expect(rule).toBe('tokenizer');
    expect(message).toContain(sentence);
  });
});

describe('the vocabulary', () => {
  const withTokens = (more: number) => (folder: string) => {
    const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
    for (let at = 0; at < more; at++) model.vocab[`more ${at}`] = example.vocab_size + at;
    editJson(folder, 'tokenizer.json', { model });
  };

  test('that is larger than the embedding is refused', async () => {
    const { rule, message } = await only(withTokens(1));
    expect(rule).toBe('tokenizer');
    expect(message).toContain(
      `token numbers up to ${example.vocab_size}, the model only ${example.vocab_size} embeddings`,
    );
  });

  test('that is a list of pieces, larger than the embedding, is refused', async () => {
    const { message } = await only(folder => {
      const vocab = Array.from({ length: 300 }, (_, at) => [`piece ${at}`, -at]);
      editJson(folder, 'tokenizer.json', { model: { type: 'Unigram', unk_id: 0, vocab } });
    });
    expect(message).toContain('token numbers up to 299');
  });

  test('that leaves rows of the embedding unused is accepted', async () => {
    const folder = modelFolder();
    const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
    const few = Object.fromEntries(Object.entries(model.vocab).slice(0, 200));
    editJson(folder, 'tokenizer.json', { model: { ...model, vocab: few, merges: [] } });
    expect((await inspectModelFolder(folder, limits)).findings).toEqual([]);
  });
});

describe('the index', () => {
  test.each([
    ['a path upwards', '../model-00001-of-00002.safetensors'],
    ['an absolute path', '/etc/passwd'],
    ['a file that is not there', 'model-00003-of-00003.safetensors'],
  ])('that points to %s is refused', async (_, target) => {
    const { message } = await only(folder => {
      shard(folder);
      editIndex(folder, map => {
        map['transformer.wte.weight'] = target;
      });
    });
    expect(message).toContain(`points to "${target}"`);
  });

  test('that names a tensor which is not there is refused', async () => {
    const { message } = await only(folder => {
      shard(folder);
      editIndex(folder, map => {
        map['transformer.h.7.x'] = 'model-00001-of-00002.safetensors';
      });
    });
    expect(message).toContain('not where it says: "transformer.h.7.x"');
  });

  test('that leaves out a tensor is refused', async () => {
    const { message } = await only(folder => {
      shard(folder);
      editIndex(folder, map => {
        delete map['transformer.wte.weight'];
      });
    });
    expect(message).toContain('leaves out tensors that are there: "transformer.wte.weight"');
  });

  test('is needed for weights under other names', async () => {
    expect(
      (await only(folder => renameSync(join(folder, WEIGHTS), join(folder, 'weights.safetensors')))).message,
    ).toContain('neither');
  });
});

describe('safetensors', () => {
  const data = float32(1, 2);
  const entry = (changes: object) =>
    JSON.stringify({ 'a.weight': { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...changes } });
  test.each([
    ['empty', (path: string) => writeFileSync(path, ''), 'header does not fit'],
    [
      'with a header of 2^40 bytes',
      (path: string) => writeRaw(path, '{}', data, 2n ** 40n),
      'header does not fit',
    ],
    ['whose header is no JSON', (path: string) => writeRaw(path, '{"a"', data), 'not a JSON object'],
    ['whose header is a list', (path: string) => writeRaw(path, '[]', data), 'not a JSON object'],
    [
      'without tensors',
      (path: string) => writeRaw(path, '{"__metadata__":{}}', new Uint8Array()),
      'no tensor',
    ],
    [
      'that names a tensor twice',
      (path: string) =>
        writeRaw(path, `${entry({}).slice(0, -1)},${entry({}).slice(1).replace('a.', '\\u0061.')}`, data),
      'names "a.weight" twice',
    ],
    ['whose data is cut off', (path: string) => writeRaw(path, entry({}), data.subarray(0, 7)), 'cut off'],
    [
      'with data after the last tensor',
      (path: string) => writeRaw(path, entry({}), new Uint8Array(9)),
      'data after its last tensor',
    ],
    [
      'with a hole',
      (path: string) => writeRaw(path, entry({ data_offsets: [4, 12] }), new Uint8Array(12)),
      'after a hole',
    ],
    [
      'with overlapping tensors',
      (path: string) =>
        writeRaw(
          path,
          `${entry({}).slice(0, -1)},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`,
          new Uint8Array(12),
        ),
      'overlaps',
    ],
    [
      'whose shape does not fit the data',
      (path: string) => writeRaw(path, entry({ shape: [3] }), data),
      'does not fit its shape',
    ],
    ['with a negative length', (path: string) => writeRaw(path, entry({ shape: [-2] }), data), 'malformed'],
    [
      'with quantised weights',
      (path: string) => writeRaw(path, entry({ dtype: 'I8', shape: [8] }), data),
      'quantised weights are not accepted',
    ],
    [
      'with 8-bit floats',
      (path: string) => writeRaw(path, entry({ dtype: 'F8_E4M3', shape: [8] }), data),
      'quantised weights are not accepted',
    ],
  ])('%s is refused', async (_, write, sentence) => {
    const { rule, message } = await only(folder => write(join(folder, WEIGHTS)));
    expect(rule).toBe('tensors');
    expect(message).toContain(sentence);
  });

  test('the same tensor in two files is refused', async () => {
    const folder = modelFolder();
    writeTensors(join(folder, 'model-00001-of-00001.safetensors'), ONE_TENSOR);
    writeTensors(join(folder, WEIGHTS), ONE_TENSOR);
    const { findings } = await inspectModelFolder(folder, limits);
    expect(messagesOf(findings, 'tensors').join(' ')).toContain('lies in both');
  });

  test('missing weights are named', async () => {
    expect((await only(folder => rmSync(join(folder, WEIGHTS)))).message).toContain(
      'model.safetensors is missing',
    );
  });

  test.each([
    ['F32', [0, 0, 0xc0, 0x7f]],
    ['F64', [0, 0, 0, 0, 0, 0, 0xf0, 0xff]],
    ['BF16', [0x80, 0x7f]],
    ['F16', [0x01, 0x7c]],
  ])('one value in %s that is not finite is found, in the last place too', async (dtype, bytes) => {
    const rest = new Uint8Array((5 << 20) - bytes.length); // more than is read at once
    const folder = modelFolder();
    editTensors(folder, tensors => {
      tensors['extra.weight'] = {
        dtype,
        shape: [(5 << 20) / bytes.length],
        data: Buffer.concat([rest, Buffer.from(bytes)]),
      };
    });
    const { findings } = await inspectModelFolder(folder, limits);
    expect(messagesOf(findings, 'tensors')).toContainEqual(
      expect.stringContaining('not finite (NaN or infinity), in "extra.weight"'),
    );
  });

  test('a folder that is copied halfway is refused, not misread', async () => {
    const whole = modelFolder();
    const half = join(freshFolder(), 'model');
    cpSync(whole, half, { recursive: true });
    truncateSync(join(half, WEIGHTS), 60_000);
    const { findings } = await inspectModelFolder(half, limits);
    expect(messagesOf(findings, 'tensors')).toEqual([expect.stringContaining('cut off')]);
  });
});
