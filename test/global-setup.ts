import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { evaluationPython } from '../src/cli/evaluation-python.js';
import { loadConfig } from '../src/config.js';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';
import { ensurePythonEnvironment } from '../src/lib/python-environment.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Interpreter of the real environment. */
    python: string;
    /** Home folder that holds it. Tests make homes of their own and point them here only for Python. */
    home: string;
  }
}

/** What the tests share: dist/ as it is now, since many start the built program, and the real Python environment. */
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
  project.provide('python', python);
  project.provide('home', config.home);
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
