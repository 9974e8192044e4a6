import { join } from 'node:path';
import type { Config } from '../config.js';
import { findPythonEnvironment, makeWritable } from '../lib/python-environment.js';
import { setupFiles } from '../lib/python-setup-record.js';
import type { Logger } from '../logger.js';
import { evaluationPython } from './evaluation-python.js';
import { madeByProcess } from './made-by-process.js';
import { startMakerProcess } from './maker-process.js';

/** The interpreter for a server, which must answer at once and cannot show progress. */
export interface ServerPython {
  /** @throws ConfigError that says what the host lacks, or SandboxError that says how far it is. */
  readonly checkReady: () => Promise<void>;
  /** Path of the interpreter. @throws as `checkReady`. */
  readonly path: () => Promise<string>;
}

/** Where the environment is missing, the first question has it made, once for all servers. */
export function serverPython(
  config: Config,
  options: { readonly signal: AbortSignal; readonly log: Logger },
): ServerPython {
  const spec = evaluationPython(config);
  const folder = join(config.home, 'python');
  const wanted = {
    find: async () => (await findPythonEnvironment(spec))?.python,
    files: () => setupFiles(spec),
    prepare: () => makeWritable(folder),
    start: () => startMakerProcess(config, ['setup'], join(folder, 'setup.log')),
    onItsWay: (step: string) =>
      `The Python environment is being made, once: ${step}. Try again in a minute; \`mlrb setup\` makes it beforehand.`,
    failed: 'The Python environment could not be made. The operator should run `mlrb setup`.',
  };
  const path = () => madeByProcess(wanted, options);
  return { checkReady: async () => void (await path()), path };
}
