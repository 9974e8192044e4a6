import { defineConfig } from 'vitest/config';

/** Tests that need neither a build nor Python: what `npm run check` runs. */
const STRUCTURE = ['test/architecture.test.ts', 'test/docs/**/*.test.ts'];

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    projects: [
      { extends: true, test: { name: 'structure', include: STRUCTURE } },
      {
        extends: true,
        test: {
          name: 'behaviour',
          include: ['test/**/*.test.ts'],
          exclude: STRUCTURE,
          globalSetup: ['test/global-setup.ts'],
        },
      },
    ],
  },
});
