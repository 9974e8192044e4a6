import { join } from 'node:path';
import { expect, it } from 'vitest';
import { GENERATED } from '../../scripts/docs/generated.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

it.each(Object.keys(GENERATED))('docs/%s is what the code says (npm run docs writes it)', async name => {
  await expect(await GENERATED[name]?.()).toMatchFileSnapshot(join(PACKAGE_ROOT, 'docs', name));
});
