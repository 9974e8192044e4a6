import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'data/README.md',
  ...readdirSync(join(PACKAGE_ROOT, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
];

it.each(PAGES)('what %s links to within the repository is there', page => {
  const text = readFileSync(join(PACKAGE_ROOT, page), 'utf8');
  const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
    ([, path = '']) => path,
  );
  const missing = targets.filter(path => !existsSync(join(PACKAGE_ROOT, dirname(page), path)));
  expect(missing).toEqual([]);
});
