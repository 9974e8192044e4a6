import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { locateDataset } from '../../src/data/locate-dataset.js';
import { WORKSPACE_FILES } from '../../src/tasks/workspace-files.js';
import { mlrb } from '../cli/mlrb.js';
import { NEVER, PACKAGE_DATA } from '../helpers/data.js';
import { makeHome } from '../helpers/home.js';

const EXAMPLE = join(WORKSPACE_FILES, 'example_submission');
const PROGRAM = join(WORKSPACE_FILES, 'measure.py');

/** A busy machine takes minutes for what an idle one does in seconds. */
const PATIENCE_MS = 600_000;

const run = (args: readonly string[]) => promisify(execFile)(inject('python'), args);

const Result = z.object({
  scores: z.array(
    z.object({
      metric: z.string(),
      value: z.number().nullable(),
      beside: z.object({ before_loading: z.number() }).partial().optional(),
    }),
  ),
});

test(
  'a contestant measures what scoring measures',
  async () => {
    await using home = await makeHome();
    const line = `evaluate --task mini_llm_efficiency --evaluator bits_per_byte --model ${EXAMPLE} --json`;
    const judged = await mlrb(home.path, line);
    const { scores } = Result.parse(JSON.parse(judged.stdout));
    const scored = new Map(scores.map(score => [score.metric, score]));
    const text = await locateDataset(
      'tinyshakespeare_heldout',
      { home: home.path, packageData: PACKAGE_DATA },
      NEVER,
    );
    if (!text.isFound) throw new Error('it is made from the package');
    const args = [PROGRAM, EXAMPLE, '--text', join(text.folder, 'tinyshakespeare_heldout.txt')];
    const { stdout } = await run(args);
    const measured = z.record(z.string(), z.number()).parse(JSON.parse(stdout));
    expect(measured.parameters).toBe(scored.get('parameters')?.value);
    expect(measured.bytes_on_disk).toBe(scored.get('bytes_on_disk')?.value);
    expect(measured.bits_per_byte).toBeCloseTo(scored.get('bits_per_byte')?.value ?? 0, 4);
    const peak = scored.get('peak_memory');
    const needed = (peak?.value ?? 0) - (peak?.beside?.before_loading ?? 0);
    expect(Math.abs((measured.memory_bytes ?? 0) - needed)).toBeLessThan(64_000_000);
  },
  PATIENCE_MS,
);

test(
  'it says what it takes',
  async () => {
    const { stdout } = await run([PROGRAM, '--help']);
    expect(stdout).toContain('--text FILE');
    expect(readFileSync(PROGRAM, 'utf8')).toContain('python measure.py FOLDER');
  },
  PATIENCE_MS,
);
