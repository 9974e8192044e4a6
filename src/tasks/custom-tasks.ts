import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ConfigError } from '../errors.js';
import { readManifest } from './custom-manifest.js';
import type { TaskFolder } from './task.js';
import { WORKSPACE_FILES } from './workspace-files.js';

const MANIFESTS = ['task.json', 'task.yaml', 'task.yml'] as const;

/**
 * The tasks in a folder outside the package: each subfolder that holds a manifest, in the order of their names. `prompt.md` is beside the manifest, and
 * where they are wanted `files/` (copied into the workspace, with the example of the submission format) and `data/` (what the contestant sees at
 * the data path). Read at once, since the answer to a client's first question depends on it.
 * @throws ConfigError that names the file, the field, and what it takes.
 */
export function readCustomTasks(folder: string, known: readonly TaskFolder[]): TaskFolder[] {
  const found: TaskFolder[] = [];
  const places = new Map(known.map(({ task }) => [task.id, 'a task of the package']));
  for (const name of subfolders(folder)) {
    const place = join(folder, name);
    const manifest = findManifest(place);
    if (manifest === undefined) continue;
    const read = readTask(place, manifest);
    const taken = places.get(read.task.id);
    if (taken !== undefined)
      throw new ConfigError(
        `${manifest}: the name "${read.task.id}" is taken by ${taken}. Give this task another "id".`,
      );
    places.set(read.task.id, manifest);
    found.push(read);
  }
  if (found.length === 0)
    throw new ConfigError(
      `There is no task in ${folder}: no folder in it holds ${MANIFESTS.join(' or ')}. Name the folder that holds the folders of the tasks.`,
    );
  return found;
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter(name => !name.startsWith('.') && isFolder(join(folder, name)))
      .sort();
  } catch (cause) {
    throw new ConfigError(
      `The folder of tasks ${folder} cannot be read. Check the path that --tasks or MLRB_TASKS names.`,
      { cause },
    );
  }
}

function findManifest(place: string): string | undefined {
  const [manifest, another] = MANIFESTS.map(name => join(place, name)).filter(path => existsSync(path));
  if (manifest !== undefined && another !== undefined)
    throw new ConfigError(
      `A task has one manifest, and there are ${manifest} and ${another}. Remove one of them.`,
    );
  return manifest;
}

function readTask(place: string, manifest: string): TaskFolder {
  const read = readManifest(parse(manifest));
  if (!read.ok) throw new ConfigError(`${manifest}: ${read.sentence} docs/custom-tasks.md tells all fields.`);
  const promptFile = join(place, 'prompt.md');
  if (!existsSync(promptFile))
    throw new ConfigError(`${promptFile} is missing. A task needs its goal in words beside its manifest.`);
  const files = join(place, 'files');
  return {
    task: read.task,
    promptFile,
    files: [WORKSPACE_FILES, ...(isFolder(files) ? [files] : [])],
    ownData: join(place, 'data'),
  };
}

function parse(manifest: string): unknown {
  const kind = manifest.endsWith('.json') ? 'JSON' : 'YAML';
  try {
    const text = readFileSync(manifest, 'utf8');
    return kind === 'JSON' ? JSON.parse(text) : parseYaml(text);
  } catch (cause) {
    throw new ConfigError(`${manifest} is not ${kind}${placeOf(cause)}. Mend it.`, { cause });
  }
}

/** Loaded only where a manifest is YAML: reading the library takes longer than answering a handshake should. */
function parseYaml(text: string): unknown {
  const yaml: typeof import('yaml') = createRequire(import.meta.url)('yaml');
  return yaml.parse(text);
}

function placeOf(cause: unknown): string {
  const at = typeof cause === 'object' && cause !== null && 'linePos' in cause ? cause.linePos : undefined;
  const line = Array.isArray(at) ? Number(at[0]?.line) : Number.NaN;
  return Number.isInteger(line) ? `, which line ${line} shows` : '';
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
