import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { editJson, freshFolder, modelFolder } from '../runs/intake/model-folder.js';

/** The folder that is loaded in place of a submission, made by the scorer's own code. */
function sanitised(folder: string): string {
  const target = join(freshFolder(), 'clean');
  const program =
    'import sys; sys.path.insert(0, sys.argv[1]); import sanitise; sanitise.sanitise(*sys.argv[2:])';
  const scorer = join(PACKAGE_ROOT, 'docker', 'eval');
  const { status, stderr } = spawnSync(
    inject('python'),
    ['-I', '-B', '-c', program, scorer, folder, target],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return target;
}

function keysOf(folder: string, name: string): string[] {
  return Object.keys(JSON.parse(readFileSync(join(folder, name), 'utf8'))).sort();
}

test('no chat template and no settings for generation reach the loader, whatever they hold', () => {
  const folder = modelFolder();
  const endless = '{% for i in range(10**9) %}{{ "x" * 10**9 }}{% endfor %}';
  writeFileSync(join(folder, 'chat_template.jinja'), endless);
  writeFileSync(
    join(folder, 'generation_config.json'),
    '{"num_beams": 1000000, "max_new_tokens": 1000000000}',
  );
  editJson(folder, 'tokenizer_config.json', { chat_template: endless });
  const clean = sanitised(folder);
  expect(readdirSync(clean).sort()).toEqual([
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  expect(keysOf(clean, 'tokenizer_config.json')).toEqual(keysOf(modelFolder(), 'tokenizer_config.json'));
});

test('keys that lead elsewhere or choose how to compute are dropped, also further down; what describes the model stays', () => {
  const folder = modelFolder();
  const before = keysOf(folder, 'config.json').filter(key => key !== 'dtype');
  const elsewhere = {
    _attn_implementation: 'someone/kernel',
    _name_or_path: '/etc',
    attn_implementation: 'someone/kernel',
    auto_map: { AutoModel: 'x.Y' },
    quantization_config: {},
    transformers_weights: '../x',
    vocab_file: '/etc/passwd',
  };
  editJson(folder, 'config.json', {
    ...elsewhere,
    _remove_final_layer_norm: true,
    text_config: { ...elsewhere, hidden_size: 8 },
  });
  const clean = sanitised(folder);
  expect(keysOf(clean, 'config.json')).toEqual([...before, '_remove_final_layer_norm', 'text_config'].sort());
  const { text_config } = JSON.parse(readFileSync(join(clean, 'config.json'), 'utf8'));
  expect(text_config).toEqual({ hidden_size: 8 });
});
