import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { prepareTaskData } from '../../src/data/prepare-task-data.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { inspectModelFolder } from '../../src/runs/intake/inspect-model-folder.js';
import { miniBabyLm } from '../../src/tasks/mini-baby-lm/task.js';
import { freshPlace, NEVER } from '../helpers/data.js';

const PROGRAMS = join(PACKAGE_ROOT, 'src', 'agent', 'contestants', 'mini_baby_lm');

function shared(name: string): string {
  const [, part] =
    /^# ---- the same.*?\n(.*?)^# ---- until here/ms.exec(readFileSync(join(PROGRAMS, name), 'utf8')) ?? [];
  if (part === undefined) throw new Error(`${name} has no shared part`);
  return part;
}

test('the base is the reference without training: same texts, tokenizer and shape', () => {
  expect(shared('base.py')).toBe(shared('reference.py'));
});

test.each([
  ['base.py', []],
  ['reference.py', ['--seconds', '2']],
])('%s leaves a model that the checks accept', async (name, more) => {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const data = await prepareTaskData(miniBabyLm, freshPlace(), NEVER);
  const out = join(folder, 'submission');
  const args = [join(PROGRAMS, name), '--data', String(data), '--out', out, ...more];
  const { status, stdout } = spawnSync(inject('python'), args, { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(stdout).toContain('saved a model of');
  expect((await inspectModelFolder(out, miniBabyLm.submission)).findings).toEqual([]);
});
