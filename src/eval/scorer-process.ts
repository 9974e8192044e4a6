import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { signalGroup } from '../lib/process-group.js';
import type { Evaluation } from '../runs/score.js';
import type { WriteFault } from '../sandbox/docker/watch-writes.js';
import type { ScorerRequest } from './scorer-request.js';

/** How a scorer ended. */
export interface ScorerEnd {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  /** Why it could not be started. */
  readonly code?: string | undefined;
  /** Whether the kernel ended it for want of memory; absent where only the host's counters can tell. */
  readonly isOutOfMemory?: boolean | undefined;
  /** Why it was ended for what it wrote; absent where nobody watches that. */
  readonly writeFault?: WriteFault | null | undefined;
}

/** A scorer on its way. */
export interface ScorerProcess {
  /** Ends it with all that it started. May be called at any time, and more than once. */
  kill(): void;
  /** What it says, line by line, until it closes the line. */
  readonly lines: AsyncIterable<unknown>;
  readonly ended: Promise<ScorerEnd>;
}

export interface StartScorerOptions {
  readonly python: string;
  readonly script: string;
  /** Takes what the libraries say, for the operator. */
  readonly logPath: string;
  readonly timeLimitS: number;
  /** Told while something is waited for before it starts. */
  readonly onProgress: (progress: Evaluation['progress']) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts a scorer and hands it the request as one line. Its standard input stays open as long as it runs: the end of that would
 * end the scorer.
 */
export type StartScorer = (request: ScorerRequest, options: StartScorerOptions) => Promise<ScorerProcess>;

/** Largest file that scoring may write. */
const FILE_BYTES = 4e9;

/** The request as a scorer reads it. */
export function requestLine(request: ScorerRequest): string {
  return `${JSON.stringify({ ...request, file_bytes: FILE_BYTES })}\n`;
}

/** As a process of this host: own group, clean environment, limits that it sets itself. */
export const startLocalScorer: StartScorer = async (request, { python, script, logPath }) => {
  await mkdir(join(request.scratch, 'tmp'), { recursive: true });
  const child = execa(python, ['-I', '-B', '-u', script], {
    cwd: request.scratch,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...scorerEnvironment(request) },
    extendEnv: false,
    detached: true,
    reject: false,
    buffer: false,
    stdio: ['pipe', 'ignore', { file: logPath }, 'pipe'],
  });
  child.stdin.on('error', () => undefined); // it ended before it read the request: its exit says why
  child.stdin.write(requestLine(request));
  return {
    kill: () => void (child.pid !== undefined && signalGroup(child.pid, 'SIGKILL')),
    lines: child.iterable({ from: 'fd3' }),
    ended: child,
  };
};

/** No variable of ours is passed on: no key, no proxy, no path but the system's own. */
export function scorerEnvironment({
  scratch,
  device,
}: Pick<ScorerRequest, 'scratch' | 'device'>): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    HOME: scratch,
    TMPDIR: join(scratch, 'tmp'),
    HF_HOME: join(scratch, 'hf'),
    HF_HUB_OFFLINE: '1',
    HF_DATASETS_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    HF_HUB_DISABLE_TELEMETRY: '1',
    TQDM_DISABLE: '1',
    OMP_WAIT_POLICY: 'PASSIVE',
    MALLOC_ARENA_MAX: '4', // on many cores the arenas alone would fill the address space
    ...(device === 'cpu' ? { CUDA_VISIBLE_DEVICES: '' } : {}),
  };
}
