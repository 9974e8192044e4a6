import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.js';
import { writeJson } from '../lib/atomic-write.js';
import { commandLine } from '../lib/process-group.js';
import type { RunStore } from '../runs/run-store.js';
import { settingsWithoutSecrets } from './settings-for-children.js';

/** The program itself, to start other commands of it. */
export const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const END_WAIT_MS = 10_000;

/**
 * Starts `mlrb evaluate` for a run as a process of its own, which outlives this one. What it says goes to the
 * evaluation's log.
 */
export async function startEvaluationProcess(runId: string, runs: RunStore, config: Config): Promise<void> {
  const { evaluation, evaluationLog } = runs.folder(runId);
  await mkdir(evaluation, { recursive: true });
  await using log = await open(evaluationLog, 'a');
  const child = spawn(process.execPath, [MAIN, 'evaluate', runId], {
    detached: true,
    env: { ...process.env, ...settingsWithoutSecrets(config) },
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(child, 'spawn');
  child.unref();
  await writeJson(pidFile(evaluation), { pid: child.pid });
}

/** Ends the process that evaluates a run, if one was started and lives. Resolves when it is gone. */
export async function stopEvaluationProcess(runId: string, runs: RunStore): Promise<void> {
  const pid = await livingProcess(runId, runs);
  if (pid === undefined) return;
  process.kill(pid, 'SIGTERM');
  const until = Date.now() + END_WAIT_MS;
  while ((await livingProcess(runId, runs)) !== undefined) {
    if (Date.now() > until) return void process.kill(pid, 'SIGKILL');
    await sleep(50);
  }
}

async function livingProcess(runId: string, runs: RunStore): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(pidFile(runs.folder(runId).evaluation), 'utf8'));
    const command = Number.isInteger(pid) ? await commandLine(pid) : undefined;
    return command?.includes(`evaluate ${runId}`) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function pidFile(evaluation: string): string {
  return join(evaluation, 'process.json');
}
