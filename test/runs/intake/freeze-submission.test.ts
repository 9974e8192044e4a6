import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freezeSubmission } from '../../../src/runs/intake/freeze-submission.js';
import { hashSubmission } from '../../../src/runs/intake/hash-submission.js';
import { weightsDigest } from '../../../src/runs/intake/weights-digest.js';
import { freshFolder, modelFolder } from './model-folder.js';

test('a frozen submission holds the same bytes, read-only, with their digests', async () => {
  const source = modelFolder();
  const target = join(freshFolder(), 'submission');
  const frozen = await freezeSubmission(source, target);
  expect(frozen.files.map(file => file.path)).toEqual(readdirSync(source).sort());
  for (const { path, bytes, sha256 } of frozen.files) {
    const content = readFileSync(join(target, path));
    expect(content.equals(readFileSync(join(source, path)))).toBe(true);
    expect({ bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }).toEqual({
      bytes,
      sha256,
    });
    expect(statSync(join(target, path)).mode & 0o777).toBe(0o444);
  }
  expect(frozen.bytes).toBe(frozen.files.reduce((sum, file) => sum + file.bytes, 0));
  expect(await hashSubmission(target)).toBe(frozen.digest);
});

test('what the contestant writes afterwards does not reach the frozen copy', async () => {
  const source = modelFolder();
  const target = join(freshFolder(), 'submission');
  const { digest } = await freezeSubmission(source, target);
  writeFileSync(join(source, 'config.json'), '{}');
  expect(await hashSubmission(target)).toBe(digest);
});

test('a change of a frozen file is seen in the digest', async () => {
  const target = join(freshFolder(), 'submission');
  const { digest } = await freezeSubmission(modelFolder(), target);
  chmodSync(join(target, 'config.json'), 0o644);
  writeFileSync(join(target, 'config.json'), '{}');
  expect(await hashSubmission(target)).not.toBe(digest);
});

test.each([
  ['a link', (folder: string) => symlinkSync('/etc/passwd', join(folder, 'vocab.txt'))],
  ['a subfolder', (folder: string) => mkdirSync(join(folder, 'vocab.txt'))],
])('%s is not followed, and nothing is left of the attempt', async (_, spoil) => {
  const source = modelFolder();
  spoil(source);
  const parent = freshFolder();
  await expect(freezeSubmission(source, join(parent, 'submission'))).rejects.toThrow();
  expect(readdirSync(parent)).toEqual([]);
});

test('a submission that is there already is not replaced', async () => {
  const parent = freshFolder();
  const target = join(parent, 'submission');
  const { digest } = await freezeSubmission(modelFolder(), target);
  const other = modelFolder();
  truncateSync(join(other, 'config.json'), 0);
  await expect(freezeSubmission(other, target)).rejects.toThrow();
  expect(await hashSubmission(target)).toBe(digest);
  expect(readdirSync(parent)).toEqual(['submission']);
});

test('the digest of the weights changes with what is scored, not with the README or generation settings', async () => {
  const parent = freshFolder();
  const digestAfter = async (name: string, edit: (folder: string) => void) => {
    const source = modelFolder();
    edit(source);
    return weightsDigest((await freezeSubmission(source, join(parent, name))).files);
  };
  const before = await digestAfter('a', () => undefined);
  const readme = await digestAfter('b', folder => {
    writeFileSync(join(folder, 'README.md'), 'mine');
    writeFileSync(join(folder, 'generation_config.json'), '{}');
    writeFileSync(join(folder, 'chat_template.jinja'), 'x');
  });
  const tokenizer = await digestAfter('c', folder =>
    writeFileSync(join(folder, 'tokenizer_config.json'), '{}'),
  );
  const renamed = await digestAfter('d', folder =>
    renameSync(join(folder, 'model.safetensors'), join(folder, 'm.safetensors')),
  );
  expect(readme).toBe(before);
  expect(new Set([before, tokenizer, renamed]).size).toBe(3);
});
