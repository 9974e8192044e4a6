import { join } from 'node:path';
import type { Config } from '../config.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import type { PythonSpec } from '../lib/python-spec.js';

/** The one Python environment: contestants train in it locally, and scoring runs in it. */
export function evaluationPython({ home, python }: Pick<Config, 'home' | 'python'>): PythonSpec {
  return {
    home,
    program: python.program,
    pipArgs: python.pip_args,
    requirements: join(PACKAGE_ROOT, 'docker', 'eval', 'requirements.txt'),
    imports: ['torch', 'transformers', 'lm_eval'],
  };
}
