import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { SandboxError } from '../../errors.js';
import { type ExecutorSettings, executorArguments } from '../executor/executor-program.js';
import type { ExecutorState } from '../executor/executor-state.js';
import { executorFailed } from '../executor/sentences.js';
import { SYSTEM_PATH } from './run-places.js';

/** An executor starts within a tenth of a second; sweeping up after one that died may take longer. */
const START_TIMEOUT_MS = 60_000;

/**
 * Starts an executor that outlives this process: own session, no stream shared with us. Resolves when it can be reached.
 * @throws SandboxError if it ends before that; its log has the reason.
 */
export async function startExecutor(
  python: string,
  settings: ExecutorSettings,
  logFile: string,
): Promise<void> {
  const log = await open(logFile, 'a', 0o600);
  try {
    const child = spawn(python, executorArguments('serve', settings), {
      cwd: '/',
      detached: true,
      env: executorEnvironment(settings.run_id),
      stdio: ['ignore', 'pipe', log.fd],
    });
    await becomesReady(child, logFile);
    child.stdout?.destroy();
    child.unref();
  } finally {
    await log.close();
  }
}

/** Waits for the one line that an executor prints. */
async function becomesReady(child: ChildProcess, logFile: string): Promise<void> {
  const readers = child.stdout === null ? [] : [once(child.stdout, 'data')];
  const late = new AbortController();
  const tooLong = pause(START_TIMEOUT_MS, ['too late'], { signal: late.signal });
  const [said] = await Promise.race([...readers, once(child, 'exit'), tooLong])
    .catch((error: unknown) => {
      throw executorFailed(logFile, error);
    })
    .finally(() => late.abort());
  if (!String(said).startsWith('ready')) throw executorFailed(logFile);
}

/**
 * Ends whatever a dead or deaf executor left behind, and marks the sandbox as ended.
 * @throws SandboxError if that fails.
 */
export async function sweepRun(python: string, settings: ExecutorSettings): Promise<void> {
  const { execa } = await import('execa'); // a tenth of a second that the handshake need not wait for
  await execa(python, executorArguments('sweep', settings), {
    extendEnv: false,
    env: { PATH: SYSTEM_PATH, LANG: 'C.UTF-8' },
    stdin: 'ignore',
    timeout: 60_000,
  }).catch((error: unknown) => {
    throw new SandboxError('Processes that the run left behind could not be ended. Try again.', {
      cause: error,
    });
  });
}

/** Whether that very executor runs, and not another process that got its number since. */
export async function isExecutorAlive({ pid, pid_start, boot_id }: ExecutorState): Promise<boolean> {
  if (pid === null || pid_start === null || boot_id === null) return false;
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return boot.trim() === boot_id && fields[0] !== 'Z' && fields[19] === String(pid_start);
  } catch {
    return false;
  }
}

function executorEnvironment(runId: string): Record<string, string> {
  return { PATH: SYSTEM_PATH, LANG: 'C.UTF-8', MLRB_RUN_ID: runId };
}
