import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { tasks } from '../../src/tasks/tasks.js';

it('docs/rules.md says of every rule that a task has how far it is checked', () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'rules.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, id]) => id);
  const used = new Set(tasks.flatMap(({ task }) => task.rules.map(({ id }) => id)));
  expect([...documented].sort()).toEqual([...used].sort());
});
