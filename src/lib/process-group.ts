import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../errors.js';

/** Signals a whole process group. Whether any process was left to signal. */
export function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ESRCH' || errorCode(error) === 'EPERM') return false;
    throw error;
  }
}

/** Whether there is a process of that number, of whatever user. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Signals one process. Whether it was there to signal. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (errorCode(error) === 'ESRCH' || errorCode(error) === 'EPERM') return false;
    throw error;
  }
}

/**
 * Ends a process group: politely, and after `graceMs` for good. Resolves when none of it is left, or when what is left
 * are dead entries that nobody collects.
 */
export async function endGroup(pid: number, graceMs: number): Promise<void> {
  signalGroup(pid, 'SIGTERM');
  const killAt = Date.now() + graceMs;
  while (signalGroup(pid, 0) && Date.now() < killAt) await sleep(20);
  signalGroup(pid, 'SIGKILL');
  while (signalGroup(pid, 0) && Date.now() < killAt + 2000) await sleep(20);
}

/** The command line of a living process, so that a number that was given to another process is not taken for the old one. */
export async function commandLine(pid: number): Promise<string | undefined> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return commandLineFromPs(pid); // no /proc, as on macOS
  }
}

function commandLineFromPs(pid: number): Promise<string | undefined> {
  return new Promise(resolve => {
    execFile('ps', ['-o', 'command=', '-p', String(pid)], (error, stdout) =>
      resolve(error === null ? stdout.trim() : undefined),
    );
  });
}
