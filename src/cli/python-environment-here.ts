import type { Config } from '../config.js';
import type { Progress } from '../lib/progress.js';
import { ensurePythonEnvironment, findPythonEnvironment } from '../lib/python-environment.js';
import type { PythonProgress } from '../lib/python-spec.js';
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
    onProgress: step => progress.step('  Python environment', shownStep(step)),
  });
  progress.clear();
  progress.line('The Python environment is ready.');
  return python;
}

export function shownStep({ text, done, total }: PythonProgress): string {
  return `${done} of ${total}, ${text}`;
}
