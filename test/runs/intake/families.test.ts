import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { inspectModelFolder } from '../../../src/runs/intake/inspect-model-folder.js';
import { limits } from './model-folder.js';

/** Tiny models of many families, sound and spoilt, each with whether the library loads all of it. */
let folder: string;
let truth: [name: string, loadsWhole: boolean][];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  const script = join(import.meta.dirname, 'make-families.py');
  const { status, stderr } = spawnSync(inject('python'), ['-I', script, folder], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const read = JSON.parse(readFileSync(join(folder, 'truth.json'), 'utf8'));
  truth = Object.entries(z.record(z.string(), z.boolean()).parse(read));
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function isAccepted(name: string): Promise<boolean> {
  const model = join(folder, name);
  writeFileSync(join(model, 'tokenizer.json'), '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}');
  const { findings } = await inspectModelFolder(model, limits);
  for (const { message } of findings) expect(message).not.toMatch(/NaN|undefined/);
  return findings.length === 0;
}

async function accepted(names: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if (await isAccepted(name)) found.push(name);
  return found;
}

test('every model that the library loads whole is accepted, also of a family whose tensors are not known', async () => {
  const whole = truth.filter(([, loadsWhole]) => loadsWhole).map(([name]) => name);
  expect(whole.length).toBeGreaterThan(90);
  expect(await accepted(whole)).toEqual(whole);
});

test('a model of a usual family that the library would load in part or not at all is refused before it is loaded', async () => {
  const spoilt = truth.filter(([, loadsWhole]) => !loadsWhole).map(([name]) => name);
  expect(spoilt.length).toBeGreaterThan(250);
  expect(await accepted(spoilt)).toEqual([]);
});
