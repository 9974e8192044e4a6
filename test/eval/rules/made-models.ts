import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { EXAMPLE } from '../../runs/intake/model-folder.js';

/** Real small models, made by torch. */
export interface MadeModels {
  readonly root: string;
  readonly names: readonly string[];
  remove(): void;
}

/** @param kind a function of make-weights.py. */
export function makeModels(kind: 'quantisation' | 'origins' | 'merging'): MadeModels {
  const root = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  const made = spawnSync(
    inject('python'),
    ['-B', join(import.meta.dirname, 'make-weights.py'), kind, root, EXAMPLE],
    {
      encoding: 'utf8',
    },
  );
  expect(made.status, made.stderr).toBe(0);
  return { root, names: readdirSync(root), remove: () => rmSync(root, { recursive: true, force: true }) };
}
