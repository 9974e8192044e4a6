import type { Config } from '../config.js';
import { ConfigError, isKnownError, SandboxError } from '../errors.js';
import type { Progress } from '../lib/progress.js';
import { ensurePythonEnvironment, findPythonEnvironment } from '../lib/python-environment.js';
import type { PythonProgress } from '../lib/python-spec.js';
import type { Logger } from '../logger.js';
import { evaluationPython } from './evaluation-python.js';

export interface WithProgress {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** The interpreter of the environment; made first, with progress, where it is missing. */
export async function readyPython(config: Config, { signal, progress }: WithProgress): Promise<string> {
  const spec = evaluationPython(config);
  const found = await findPythonEnvironment(spec);
  if (found !== undefined) return found.python;
  progress.line(
    'Making the Python environment for training and scoring: once, several minutes and a few GB (PyTorch, transformers, lm-evaluation-harness).',
  );
  const { python } = await ensurePythonEnvironment({
    ...spec,
    signal,
    onProgress: step => progress.step('  Python environment', shown(step)),
  });
  progress.clear();
  progress.line('The Python environment is ready.');
  return python;
}

/** The interpreter for a server, which must answer at once and cannot show progress. */
export interface ServerPython {
  /** @throws ConfigError or SandboxError that says how far it is and when to try again. */
  readonly checkReady: () => Promise<void>;
  /** Path of the interpreter. @throws as `checkReady`. */
  readonly path: () => Promise<string>;
}

/** Where the environment is missing, the first question begins to make it, and it goes on while the server lives. */
export function serverPython(
  config: Config,
  { signal, log }: { signal: AbortSignal; log: Logger },
): ServerPython {
  const spec = evaluationPython(config);
  let making: Promise<unknown> | undefined;
  let last: PythonProgress = { text: 'starting', done: 0, total: 1 };
  let failure: unknown;

  const begin = () => {
    failure = undefined;
    making = ensurePythonEnvironment({
      ...spec,
      signal,
      onProgress: step => {
        last = step;
      },
    })
      .catch((error: unknown) => {
        failure = error;
        log.error({ error: String(error) }, 'the Python environment could not be made');
      })
      .finally(() => {
        making = undefined;
      });
  };

  const path = async () => {
    const found = await findPythonEnvironment(spec);
    if (found !== undefined) return found.python;
    if (failure !== undefined) {
      const told = failure;
      failure = undefined; // the next question tries again
      throw isKnownError(told)
        ? told
        : new ConfigError('The Python environment could not be made. The operator should run `mlrb setup`.', {
            cause: told,
          });
    }
    if (making === undefined) begin();
    throw new SandboxError(
      `The Python environment is being made, once: ${shown(last)}. Try again in a minute; \`mlrb setup\` makes it beforehand.`,
    );
  };
  return { checkReady: async () => void (await path()), path };
}

function shown({ text, done, total }: PythonProgress): string {
  return `${done} of ${total}, ${text}`;
}
