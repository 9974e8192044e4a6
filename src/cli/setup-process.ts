import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { MAIN } from './evaluation-process.js';
import { settingsWithoutSecrets } from './settings-for-children.js';

/** Starts `mlrb setup` as a process of its own, which outlives this one. What it says goes to `python/setup.log` in the home folder. */
export async function startSetupProcess(config: Config): Promise<void> {
  const folder = join(config.home, 'python');
  await mkdir(folder, { recursive: true });
  await using log = await open(join(folder, 'setup.log'), 'a');
  const child = spawn(process.execPath, [MAIN, 'setup'], {
    detached: true,
    env: { ...process.env, ...settingsWithoutSecrets(config) },
    stdio: ['ignore', log.fd, log.fd],
  });
  await once(child, 'spawn');
  child.unref();
}
