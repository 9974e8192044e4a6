import { join } from 'node:path';

/** Which environment is meant. */
export interface PythonSpec {
  /** Environments lie in `python/` below it. */
  readonly home: string;
  /** The interpreter to make it with: a name on PATH or a path. */
  readonly program: string;
  /** Further arguments for pip, split at spaces. */
  readonly pipArgs: string;
  /** Absolute path of a requirements file. */
  readonly requirements: string;
  /** Modules that must import before the environment counts as ready. */
  readonly imports: readonly string[];
}

export interface PythonEnvironment {
  /** Absolute path of its interpreter. */
  readonly python: string;
  /** Names the environment: the same requirements, Python version and pip arguments give the same digest. */
  readonly digest: string;
}

export interface PythonProgress {
  readonly text: string;
  readonly done: number;
  readonly total: number;
}

export interface EnsureOptions extends PythonSpec {
  readonly signal: AbortSignal;
  readonly onProgress: (step: PythonProgress) => void;
}

/** The interpreter of the environment in a folder. */
export function interpreter(folder: string): string {
  return join(folder, 'bin', 'python');
}
