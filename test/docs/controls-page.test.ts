import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BY_TASK } from '../../src/agent/contestants/contestants.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

it('docs/controls.md shows the controls of every task that has some, and none that is not sound', () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'controls.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (\w+) \|.*\| (yes|no) \|$/gm)].map(([, task, sound]) => [task, sound]);
  expect(rows.sort()).toEqual([...BY_TASK.keys()].sort().map(task => [task, 'yes']));
});
