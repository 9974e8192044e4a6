import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Config } from '../config.js';
import { InputError } from '../errors.js';
import { writeJson } from '../lib/atomic-write.js';
import { commandLine, signalProcess } from '../lib/process-group.js';
import type { RunStore } from '../runs/run-store.js';
import { settingsWithoutSecrets } from './settings-for-children.js';

/** The program itself, to start other commands of it. */
export const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));
const END_WAIT_MS = 10_000;
/** Names to the new process the start that it is. A person who types `mlrb evaluate` has none, and needs none. */
const START_VARIABLE = 'MLRB_EVALUATION_START';

/** The start of an evaluation that is wanted; one that was called off is gone from the disk. */
const WantedStart = z.strictObject({ version: z.literal(1), start: z.string() });

/**
 * Starts `mlrb evaluate` for a run as a process of its own, which outlives this one. What it says goes to the
 * evaluation's log.
 */
export async function startEvaluationProcess(runId: string, runs: RunStore, config: Config): Promise<void> {
  const { evaluation, evaluationLog } = runs.folder(runId);
  const start = randomUUID();
  await writeJson(startFile(evaluation), { version: 1, start } satisfies z.infer<typeof WantedStart>);
  await mkdir(processFolder(evaluation), { recursive: true });
  await using log = await open(evaluationLog, 'a');
  const args = [MAIN, 'evaluate', runId];
  const child = spawn(process.execPath, args, {
    detached: true,
    env: { ...process.env, ...settingsWithoutSecrets(config), [START_VARIABLE]: start },
    stdio: ['ignore', log.fd, log.fd],
  });
  // At once, for whoever stops it before it has come to write this itself.
  if (child.pid !== undefined)
    writeFileSync(noteFile(evaluation, child.pid), [process.execPath, ...args].join(' '));
  await once(child, 'spawn');
  child.unref();
}

/**
 * What a process that evaluates a run does first of all: it writes down that it is there, and then looks whether it is still
 * wanted. `stopEvaluationProcess` does the same two things in the other order, so one of them always sees the other.
 * Disposing takes the note away.
 * @throws InputError if the start was called off, or another was asked for since.
 */
export async function enterEvaluation(runId: string, runs: RunStore): Promise<AsyncDisposable> {
  const { evaluation } = runs.folder(runId);
  const note = noteFile(evaluation, process.pid);
  await mkdir(processFolder(evaluation), { recursive: true });
  await writeFile(note, (await commandLine(process.pid)) ?? '');
  const leave = () => rm(note, { force: true });
  const start = process.env[START_VARIABLE];
  if (start !== undefined && start !== (await wantedStart(evaluation))) {
    await leave();
    throw new InputError(
      `The evaluation of ${runId} was called off before it began. \`mlrb evaluate ${runId}\` does it.`,
    );
  }
  return { [Symbol.asyncDispose]: leave };
}

/** Ends the processes that evaluate a run, also one that was started a moment ago and has not begun. Resolves when they are gone. */
export async function stopEvaluationProcess(runId: string, runs: RunStore): Promise<void> {
  const { evaluation } = runs.folder(runId);
  await rm(startFile(evaluation), { force: true });
  const notes = await readdir(processFolder(evaluation)).catch(() => []);
  await Promise.all(notes.map(name => endNoted(join(processFolder(evaluation), name))));
}

async function endNoted(note: string): Promise<void> {
  const pid = Number(basename(note));
  const killAt = Date.now() + END_WAIT_MS;
  if (await isThere(note)) signalProcess(pid, 'SIGTERM');
  while ((await isThere(note)) && Date.now() < killAt + END_WAIT_MS) {
    if (Date.now() > killAt) signalProcess(pid, 'SIGKILL');
    await sleep(50);
  }
  await rm(note, { force: true });
}

/** Whether the process that wrote the note lives, and not another one that was given its number since. */
async function isThere(note: string): Promise<boolean> {
  const written = await readFile(note, 'utf8').catch(() => '');
  return written !== '' && written.trim() === (await commandLine(Number(basename(note))))?.trim();
}

async function wantedStart(evaluation: string): Promise<string | undefined> {
  try {
    return WantedStart.parse(JSON.parse(await readFile(startFile(evaluation), 'utf8'))).start;
  } catch {
    return undefined;
  }
}

function startFile(evaluation: string): string {
  return join(evaluation, 'start.json');
}

function processFolder(evaluation: string): string {
  return join(evaluation, 'processes');
}

/** Its name is the number of the process, its content the command line. */
function noteFile(evaluation: string, pid: number): string {
  return join(processFolder(evaluation), String(pid));
}
