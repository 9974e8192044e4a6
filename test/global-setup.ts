import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { dataPlace } from '../src/cli/data-place.js';
import { evaluationPython } from '../src/cli/evaluation-python.js';
import { type Config, loadConfig } from '../src/config.js';
import { buildModel, isTrained } from '../src/data/build-model.js';
import { SOURCES } from '../src/data/datasets.js';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';
import { ensurePythonEnvironment } from '../src/lib/python-environment.js';

/** Steps of a training between two lines that tell of it. */
const SHOWN_EVERY = 20;

declare module 'vitest' {
  export interface ProvidedContext {
    /** Interpreter of the real environment. */
    python: string;
    /** Home folder that holds it, and the small models. Tests make homes of their own and point them here only for these. */
    home: string;
  }
}

/** What the tests share: dist/ as it is now, since many start the built program, the real Python environment, and the small models. */
export default async function setUp(project: TestProject): Promise<void> {
  build();
  const config = loadConfig({ flags: {}, env: process.env });
  let last = '';
  const { python } = await ensurePythonEnvironment({
    ...evaluationPython(config),
    signal: new AbortController().signal,
    onProgress: ({ text, done, total }) => {
      if (text !== last) say(`Python environment: ${done}/${total} ${text}`);
      last = text;
    },
  });
  await buildModels(config, python);
  project.provide('python', python);
  project.provide('home', config.home);
}

/** Once, a minute or two each. */
async function buildModels(config: Config, python: string): Promise<void> {
  const { signal } = new AbortController();
  for (const source of SOURCES.filter(isTrained)) {
    let last = 0;
    await buildModel(source, dataPlace(config), {
      python: async () => python,
      signal,
      onProgress: (id, { step, steps }) => {
        if (step === 0 || step >= last + SHOWN_EVERY) say(`${id}: step ${step} of ${steps}`);
        last = step >= last + SHOWN_EVERY ? step : last;
      },
    });
  }
}

/** Type errors stop `npm run check`, not the tests: they are told apart that way. */
function build(): void {
  const script = join(PACKAGE_ROOT, 'scripts', 'build.mjs');
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
  if (status !== 0) say('The types are not right: the tests run all the same.');
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
