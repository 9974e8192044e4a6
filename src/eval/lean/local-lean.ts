import { execa } from 'execa';
import { ConfigError } from '../../errors.js';
import { signalGroup } from '../../lib/process-group.js';
import {
  type LeanJob,
  type LeanRun,
  leanArguments,
  OUTPUT_CHARS,
  type RunLean,
  writeLibraryPath,
} from './run-lean.js';

export interface LeanLimits {
  readonly memoryMb: number;
  readonly timeLimitS: number;
}

export interface LocalLeanOptions extends LeanLimits {
  /** The executable. */
  readonly program: string;
  /** Folders with compiled libraries, split at colons; empty: those that Lean knows by itself. */
  readonly path: string;
}

/** Beyond what Lean counts itself: its code, the mapped libraries and thread stacks. */
const ADDRESS_MARGIN_MB = 4096;

/**
 * Lean as a process of this host: own group, clean environment, limits of the shell on processor time, address space and file size. It keeps nothing of a
 * script from what this user can reach; the token filter before it is the only wall.
 */
export function localLean({ program, path, memoryMb, timeLimitS }: LocalLeanOptions): RunLean {
  const run = async ({ folder, file, signal }: LeanJob): Promise<LeanRun> => {
    signal.throwIfAborted();
    await writeLibraryPath(folder, path);
    const limits = `ulimit -c 0; ulimit -f 20000; ulimit -t ${Math.ceil(timeLimitS) + 5}; ulimit -v ${(memoryMb + ADDRESS_MARGIN_MB) * 1024}`;
    const child = execa(
      'sh',
      ['-c', `${limits}; exec "$@"`, 'sh', program, ...leanArguments(file, memoryMb)],
      {
        cwd: folder,
        env: {
          PATH: '/usr/local/bin:/usr/bin:/bin',
          HOME: folder,
          LANG: 'C.UTF-8',
        },
        extendEnv: false,
        detached: true,
        reject: false,
        stdin: 'ignore',
        stderr: 'ignore',
        maxBuffer: OUTPUT_CHARS,
      },
    );
    const timeLimit = AbortSignal.timeout(timeLimitS * 1000);
    const stop = AbortSignal.any([signal, timeLimit]);
    const kill = () => void (child.pid !== undefined && signalGroup(child.pid, 'SIGKILL'));
    stop.addEventListener('abort', kill, { once: true });
    try {
      const { exitCode, stdout, code } = await child;
      signal.throwIfAborted();
      if (exitCode === 126 || exitCode === 127 || code === 'ENOENT')
        throw new ConfigError(
          `Lean 3 cannot be started: ${program}. Set lean.program to the executable, or leave it empty to do without.`,
        );
      return { exitCode: exitCode ?? null, output: stdout, isOutOfTime: timeLimit.aborted };
    } finally {
      stop.removeEventListener('abort', kill);
      kill(); // after its end: whatever it may have left
    }
  };
  return Object.assign(run, { version: JSON.stringify([program, path, memoryMb, timeLimitS]) });
}
