import { readdir, readFile } from 'node:fs/promises';
import { exists } from '../lib/exists.js';
import type { RunFolder } from '../runs/run-folder.js';
import { dockerPlaces } from '../sandbox/docker/docker-places.js';
import { readExecutorState } from '../sandbox/executor/executor-state.js';
import { runPlaces } from '../sandbox/local/run-places.js';
import type { Host } from '../tools/tool.js';

/** Ends the sandbox of a run whose record does not tell which back end made it. Idempotent. */
export async function endSandboxOfDamaged(runId: string, { runs, backend }: Host): Promise<void> {
  const { root } = runs.folder(runId);
  const made_by = (await isMadeByDocker(root)) ? 'docker' : 'local';
  await backend.destroy({ run_id: runId, run_folder: root, made_by });
}

/** Whether the run has a sandbox that has not come to its end. */
export async function hasSandbox({ root }: RunFolder): Promise<boolean> {
  const places = (await isMadeByDocker(root)) ? dockerPlaces(root) : runPlaces(root);
  return (await exists(places.own)) && (await readExecutorState(places.stateFile))?.ended == null;
}

/** Whether the folder holds nothing: its server died before it had written the record. */
export async function isEmptyRun({ root, workspace }: RunFolder): Promise<boolean> {
  const isOfRecord = (name: string) => name.startsWith('run.json.'); // half a record, under the name that it is written by
  const names = await readdir(root).catch(() => ['no folder']);
  const others = names.filter(name => name !== 'workspace' && !isOfRecord(name));
  return others.length === 0 && (await readdir(workspace).catch(() => [])).length === 0;
}

/** Whether the record is whole and only written by another version of mlrb, whose server may be at work in the run. */
export async function isOfAnotherVersion({ record }: RunFolder): Promise<boolean> {
  try {
    const { version } = JSON.parse(await readFile(record, 'utf8'));
    return Number.isInteger(version) && version !== 1;
  } catch {
    return false;
  }
}

function isMadeByDocker(root: string): Promise<boolean> {
  return exists(dockerPlaces(root).executor);
}
