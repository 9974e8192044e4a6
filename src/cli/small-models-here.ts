import { join } from 'node:path';
import type { Config } from '../config.js';
import { type BuildOptions, buildModel, isTrained } from '../data/build-model.js';
import { findSource, SOURCES } from '../data/datasets.js';
import { locateDataset } from '../data/locate-dataset.js';
import { makeWritable } from '../lib/python-environment.js';
import { reportSetup, type SetupFiles } from '../lib/python-setup-record.js';
import { duration } from '../lib/text.js';
import { whenFree } from '../lib/when-free.js';
import type { Logger } from '../logger.js';
import type { TaskFolder } from '../tasks/task.js';
import { dataPlace } from './data-place.js';
import { madeByProcess } from './made-by-process.js';
import { startMakerProcess } from './maker-process.js';
import { readyPython, type WithProgress } from './python-environment-here.js';

/** Every model that is trained here, each after the one that it goes on from. */
export const SMALL_MODELS: readonly string[] = SOURCES.filter(isTrained).map(({ dataset }) => dataset.id);

/** Trains those of the models that are missing, with progress; the environment for it is made first where it is missing. */
export async function readyModels(
  ids: readonly string[],
  config: Config,
  { signal, progress }: WithProgress,
): Promise<void> {
  if ((await missingModels(ids, config, signal)).length === 0) return;
  const files = setupFilesOf(config);
  const onWait = (seconds: number) =>
    progress.step('  small models', `another process is training them, waiting for ${duration(seconds)}`);
  await whenFree(files.lock, { signal, onWait }, async () => {
    const missing = await missingModels(ids, config, signal);
    if (missing.length === 0) return;
    progress.line(
      `Training the small models that small tasks start from: once, a minute or two each (${missing.join(', ')}).`,
    );
    const python = () => readyPython(config, { signal, progress });
    const show = ({ text, done, total }: { text: string; done: number; total: number }) =>
      progress.step(`  ${text}`, `step ${done} of ${total}`);
    await reportSetup(files, { signal, onProgress: show }, onProgress =>
      trainAll(missing, config, {
        python,
        signal,
        onProgress: (id, { step, steps }) => onProgress({ text: id, done: step, total: steps }),
      }),
    );
    progress.clear();
  });
}

/** The models that a task starts from, trained with progress where they are missing. */
export function readyModelsOf({ task }: TaskFolder, config: Config, context: WithProgress): Promise<void> {
  return readyModels(modelsOf(task.data), config, context);
}

/** For a server: where a model that a task starts from is missing, the first question has it trained, once for all servers. */
export function serverModels(
  config: Config,
  options: { readonly signal: AbortSignal; readonly log: Logger },
): (folder: TaskFolder) => Promise<void> {
  const logs = join(config.home, 'data', 'logs');
  return async ({ task }) => {
    const wanted = modelsOf(task.data);
    if (wanted.length === 0) return;
    await madeByProcess(
      {
        find: async () =>
          (await missingModels(wanted, config, options.signal)).length === 0 ? wanted : undefined,
        files: async () => setupFilesOf(config),
        prepare: () => makeWritable(logs),
        start: () => startMakerProcess(config, ['data', 'build'], join(logs, 'build.log')),
        onItsWay: step =>
          `The small models that ${task.id} starts from are being trained, once: ${step}. Try again in a minute; \`mlrb data build\` trains them beforehand.`,
        failed: 'The small models could not be trained. The operator should run `mlrb data build`.',
      },
      options,
    );
  };
}

/** One record and one lock for all of them: they are trained one after the other. */
function setupFilesOf({ home }: Config): SetupFiles {
  const base = join(home, 'data', 'logs', 'small-models');
  return { record: `${base}.json`, lock: `${base}.lock` };
}

async function trainAll(ids: readonly string[], config: Config, options: BuildOptions): Promise<void> {
  for (const id of ids) {
    const source = findSource(id);
    if (isTrained(source)) await buildModel(source, dataPlace(config), options);
  }
}

function modelsOf(data: TaskFolder['task']['data']): string[] {
  const ids = data.map(({ dataset }) => dataset);
  return SMALL_MODELS.filter(id => ids.includes(id));
}

async function missingModels(ids: readonly string[], config: Config, signal: AbortSignal): Promise<string[]> {
  const missing: string[] = [];
  for (const id of ids) {
    const located = await locateDataset(id, dataPlace(config), signal);
    if (!located.isFound) missing.push(id);
  }
  return missing;
}
