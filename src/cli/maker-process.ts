import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../config.js';
import { MAIN } from './evaluation-process.js';
import { settingsWithoutSecrets } from './settings-for-children.js';

/** Starts a command of ours as a process of its own, which outlives this one. What it says goes to the log. */
export async function startMakerProcess(
  config: Config,
  command: readonly string[],
  logPath: string,
): Promise<void> {
  await mkdir(dirname(logPath), { recursive: true });
  await using log = await open(logPath, 'a');
  const child = spawn(process.execPath, [MAIN, ...command], {
    detached: true,
    env: { ...process.env, ...settingsWithoutSecrets(config) },
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(child, 'spawn');
  child.unref();
}
