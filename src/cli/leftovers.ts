import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.js';
import { findHalfMade } from '../data/half-made.js';
import { ConfigError, errorCode } from '../errors.js';
import { findAbandonedRows, removeAbandonedRows, rowsFolder } from '../eval/row-files.js';
import { findDeadScratchFolders, removeScratchFolder } from '../eval/scratch-folder.js';
import { exists } from '../lib/exists.js';
import { withFileLock } from '../lib/file-lock.js';
import { isBeingMade, removeHalfMade } from '../lib/make-python-environment.js';
import { isOver, type Run } from '../runs/run.js';
import type { ListedRun } from '../runs/run-store.js';
import { findLeftovers } from '../sandbox/docker/leftover-containers.js';
import { runsWithProcesses } from '../sandbox/local/run-processes.js';
import { cancelRun, settleRun } from '../tools/support/close-run.js';
import { sandboxPlace, secondsLeft } from '../tools/support/sandbox-spec.js';
import type { Host } from '../tools/tool.js';
import { endSandboxOfDamaged, hasSandbox, isEmptyRun, isOfAnotherVersion } from './damaged-run.js';
import { isRunOn } from './is-run-on.js';
import { type AbandonedPlayer, findAbandonedPlayers } from './player-mark.js';

/** A run that takes longer than this to start was left by a server that died. */
const START_PATIENCE_MS = 600_000;

/** Ends and removes what no living process uses, and yields a sentence for each thing; in `look` it only says so. */
export async function* cleanUp(host: Host, config: Config, mode: 'look' | 'act'): AsyncGenerator<string> {
  for (const player of await findAbandonedPlayers(config.home)) yield* cleanUpAfter(player, host, mode);
  for (const listed of await host.runs.list()) {
    if ('damaged' in listed) yield* cleanUpDamaged(listed, host, mode);
    else yield* cleanUpRun(listed.run, host, mode);
  }
  yield* cleanUpRemoved(host, config, mode);
  yield* cleanUpContainers(host, config, mode);
  yield* cleanUpEnvironments(join(config.home, 'python'), mode);
  for (const { folder, remove } of await findHalfMade(config)) {
    yield `${folder}: a data set that was never finished.`;
    if (mode === 'act') await remove();
  }
  for (const folder of await findDeadScratchFolders(config.home)) {
    yield `${folder}: the scratch folder of an evaluation that was killed.`;
    if (mode === 'act') await removeScratchFolder(folder);
  }
  for (const key of await findAbandonedRows(config.home)) {
    yield `${rowsFolder(config.home, key)}: rows of an evaluation that was broken off, and not gone on with for a week.`;
    if (mode === 'act') await removeAbandonedRows(config.home, key);
  }
}

async function* cleanUpAfter(
  { principal, forget }: AbandonedPlayer,
  host: Host,
  mode: 'look' | 'act',
): AsyncGenerator<string> {
  const run = await host.runs.current(principal).catch(() => undefined); // a damaged record is told of below
  const isOn = run !== undefined && !isOver(run);
  if (isOn) yield `${run.run_id}: the mlrb process that played it was killed.`;
  if (mode === 'look') return;
  if (isOn) await cancelRun(run.run_id, { reason: 'The process that played it ended.' }, host);
  await forget();
}

/** What runs in the local sandbox for a run whose folder is gone. */
async function* cleanUpRemoved(host: Host, config: Config, mode: 'look' | 'act'): AsyncGenerator<string> {
  for (const run_id of await runsWithProcesses(join(config.home, 'runs'))) {
    const run_folder = host.runs.folder(run_id).root;
    if (await exists(run_folder)) continue;
    yield `${run_id}: its folder was removed while it was on, and its processes still run.`;
    if (mode === 'act') await host.backend.destroy({ run_id, run_folder, made_by: 'local' });
  }
}

/** Where no engine answers there is nothing to look at, which is said only where one is meant to be used. */
async function* cleanUpContainers(host: Host, config: Config, mode: 'look' | 'act'): AsyncGenerator<string> {
  const { docker, home } = config;
  const isInUse = (runId: string) => isSandboxInUse(runId, host);
  try {
    for (const leftover of await findLeftovers({ socket: docker.socket, home, isRunOn: isInUse })) {
      const { name, runId, remove } = leftover;
      yield `${name}: a container of ${runId === null ? 'a scorer that is gone' : 'a run that is over or gone'}.`;
      if (mode === 'act') await remove();
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (config.sandbox === 'docker') yield error.message;
  }
}

/** As `isRunOn`, but nobody works in a run whose record is damaged, unless another version of mlrb can read it. */
async function isSandboxInUse(runId: string, { runs }: Host): Promise<boolean> {
  if (!(await isRunOn(runId, runs))) return false;
  const run = await runs.read(runId).catch(() => undefined);
  return run !== undefined || isOfAnotherVersion(runs.folder(runId));
}

/** Nobody can act in such a run, not even its contestant. */
async function* cleanUpDamaged(
  { run_id, damaged }: ListedRun & { readonly damaged: string },
  host: Host,
  mode: 'look' | 'act',
): AsyncGenerator<string> {
  const folder = host.runs.folder(run_id);
  if (await isEmptyRun(folder)) {
    if (Date.now() - (await stat(folder.root)).mtimeMs < START_PATIENCE_MS) return;
    yield `${run_id}: its server died before it had begun.`;
    if (mode === 'act') await rm(folder.root, { recursive: true, force: true });
    return;
  }
  yield `${run_id}: ${damaged}`;
  if ((await isOfAnotherVersion(folder)) || !(await hasSandbox(folder))) return;
  yield `${run_id}: its sandbox is on, and nobody can use it.`;
  if (mode === 'act') await endSandboxOfDamaged(run_id, host);
}

async function* cleanUpRun(run: Run, host: Host, mode: 'look' | 'act'): AsyncGenerator<string> {
  if (run.submitting) {
    if (await host.runs.isChanging(run.run_id)) return;
    yield `${run.run_id}: it was being handed in when its server died.`;
    if (mode === 'act') await settleRun(run, host);
  } else if (run.state === 'running' && secondsLeft(run) <= 0) {
    yield `${run.run_id}: its time was up, and no server lived to close it.`;
    if (mode === 'act') await settleRun(run, host);
  } else if (run.state === 'created' && Date.now() - Date.parse(run.created_at) > START_PATIENCE_MS) {
    yield `${run.run_id}: its server died while it was being started.`;
    if (mode === 'act') await failStart(run, host);
  } else if (isOver(run) && mode === 'act') {
    await host.backend.destroy(sandboxPlace(run, host)); // a sandbox may have outlived a crash between its end and the record
  }
  if (run.state === 'submitted' && !(await isBeingScored(run, host))) {
    yield `${run.run_id}: it was handed in and is not being scored. \`mlrb evaluate ${run.run_id}\` does it.`;
  }
}

async function failStart(run: Run, host: Host): Promise<void> {
  const { runs, backend } = host;
  await backend.destroy(sandboxPlace(run, host));
  await runs.withRun(run.run_id, () =>
    runs.step(run.run_id, 'failed', {
      outcome: 'failed',
      reason: 'The server ended while the run was being started.',
      ended_at: new Date().toISOString(),
    }),
  );
}

async function isBeingScored({ run_id }: Run, { runs }: Host): Promise<boolean> {
  const evaluation = await runs.readEvaluation(run_id).catch(error => {
    if (!(error instanceof ConfigError)) throw error;
    return undefined; // a damaged record: `mlrb evaluate` sets it aside
  });
  return evaluation?.state === 'done' || (await runs.isBeingEvaluated(run_id));
}

/** A holder of a lock that was killed is given up after a few seconds. */
const LOCK_PATIENCE_MS = 10_000;

/** Environments that were never finished, with what is still at work in them. */
async function* cleanUpEnvironments(folder: string, mode: 'look' | 'act'): AsyncGenerator<string> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter(entry => /^[0-9a-f]{16}$/.test(entry))) {
    const path = join(folder, name);
    const lock = `${path}.lock`;
    if ((await isReady(path)) || (await isBeingMade(path, lock))) continue;
    yield `${path}: a Python environment that was never finished.`;
    if (mode === 'act') await removeEnvironment(path, lock);
  }
}

async function removeEnvironment(path: string, lock: string): Promise<void> {
  try {
    await withFileLock(lock, { waitMs: LOCK_PATIENCE_MS }, async () => {
      if (!(await isReady(path))) await removeHalfMade(path);
    });
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error; // another process has begun to make it anew
  }
}

function isReady(environment: string): Promise<boolean> {
  return exists(join(environment, 'ready.json'));
}
