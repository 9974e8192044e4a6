import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import type { DataPlace } from '../../src/data/locations.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

export const PACKAGE_DATA = join(PACKAGE_ROOT, 'data');

/** Real benchmark data in the shape that `mlrb data import` takes. */
export const TEST_DATA = resolve(process.env.MLRB_TEST_DATA ?? join(PACKAGE_ROOT, '..', 'shared', 'data'));

/** Why tests that need it cannot run here; undefined where they can. */
export const testDataLack: string | undefined = existsSync(join(TEST_DATA, 'mmlu'))
  ? undefined
  : `there is no benchmark data in ${TEST_DATA}; MLRB_TEST_DATA names the folder`;

/** Name of a group of tests, with what is missing where they are skipped. */
export function needsTestData(name: string): string {
  return testDataLack === undefined ? name : `${name} (skipped: ${testDataLack})`;
}

/** A folder that is removed when the test is over. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mlrb-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty home, with the data that ships with the package. */
export function freshPlace(): DataPlace {
  return { home: freshFolder(), packageData: PACKAGE_DATA };
}

export const NEVER = new AbortController().signal;
