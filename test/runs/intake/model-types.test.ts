import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/lib/package-root.js';
import { checkConfigFields } from '../../../src/runs/intake/config-fields.js';
import { FAMILIES } from '../../../src/runs/intake/layout/families.js';
import { modelTypes } from '../../../src/runs/intake/model-types.js';
import { numberTexts } from '../../../src/runs/intake/number-texts.js';

test('the list of model types is what the pinned library prints', async () => {
  const script = join(import.meta.dirname, 'list-model-types.py');
  const { stdout, status } = spawnSync(inject('python'), ['-I', script], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  expect(status).toBe(0);
  const list = join(PACKAGE_ROOT, 'src', 'runs', 'intake', 'model-types.jsonl');
  await expect(stdout).toMatchFileSnapshot(list); // `vitest run -u` on this file writes it anew
});

test('it is of the version with which submissions are loaded', async () => {
  const { version } = await modelTypes();
  const requirements = readFileSync(join(PACKAGE_ROOT, 'docker', 'eval', 'requirements.txt'), 'utf8');
  expect(requirements).toMatch(new RegExp(`^transformers==${version.replaceAll('.', '\\.')}$`, 'm'));
});

test('it holds every usual family with the loader that takes it', async () => {
  const { types } = await modelTypes();
  for (const architecture of ['causal', 'seq2seq'] as const) {
    for (const name of FAMILIES[architecture].keys()) {
      expect({ name, classes: types.get(name)?.[architecture] }).toEqual({
        name,
        classes: [expect.any(String)],
      });
    }
  }
});

test('no number that is the default of a model type is refused', async () => {
  const { types } = await modelTypes();
  expect(types.size).toBeGreaterThan(150);
  for (const type of types.values()) {
    const value = Object.fromEntries(
      [...type.defaults].filter(([field, given]) => typeof given === 'number' && type.kinds.has(field)),
    );
    expect({
      type: type.name,
      findings: checkConfigFields({ value, text: JSON.stringify(value) }, type),
    }).toEqual({
      type: type.name,
      findings: [],
    });
  }
});

test('numbers are told by how they are written, those of nested objects and in texts left out', () => {
  const json =
    '{"a": 1.0, "b":[2.0,{"c":3.0}], "\\u0064": -4e2, "e": "f\\": 5.0, ", "g": {"h": 6.0}, "i": 7}';
  expect([...numberTexts(json)]).toEqual([
    ['a', '1.0'],
    ['d', '-4e2'],
    ['i', '7'],
  ]);
  const long = JSON.stringify({ long: '\\"x'.repeat(300_000), last: 8 });
  expect(numberTexts(long).get('last')).toBe('8');
});
