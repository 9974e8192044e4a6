import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.js';
import { endGroup } from '../lib/process-group.js';
import { whenFree } from '../lib/when-free.js';
import type { DatasetRecord, RecordFile } from './dataset-record.js';
import { findSource } from './datasets.js';
import { hashFile } from './file-facts.js';
import { BUILD_PROGRAM, inspectDataset, madeBy } from './inspect-dataset.js';
import { locateDataset } from './locate-dataset.js';
import { type DataPlace, dataLock, datasetFolder } from './locations.js';
import { placeDataset } from './place-dataset.js';
import type { Source, Training } from './sources/source.js';

/** A model that is trained here. */
export type TrainedSource = Source & { readonly training: Training };

export function isTrained(source: Source): source is TrainedSource {
  return source.training !== undefined;
}

export interface BuildOptions {
  /** Path of the interpreter of the environment; asked for only when something must be trained. */
  readonly python: () => Promise<string>;
  readonly signal: AbortSignal;
  /** Steps of the training that are done; 0 of 0 while another process is at it. */
  readonly onProgress: (id: string, progress: { readonly step: number; readonly steps: number }) => void;
}

/**
 * Trains a small model, after the one that it goes on from, unless it is there. Two processes at once train it once; what a killed one left half made is
 * thrown away.
 * @throws ConfigError if the program fails, the Python environment cannot be had or the disk is full; the signal's reason on abort.
 */
export async function buildModel(
  source: TrainedSource,
  place: DataPlace,
  options: BuildOptions,
): Promise<DatasetRecord> {
  const { dataset, training } = source;
  const { signal, onProgress } = options;
  const base = training.from === undefined ? undefined : findSource(training.from);
  const from = base !== undefined && isTrained(base) ? await buildModel(base, place, options) : undefined;
  const text = await locateDataset(training.text, place, signal);
  if (!text.isFound) throw new ConfigError(`${text.reason} ${text.remedy}`);
  const onWait = () => onProgress(dataset.id, { step: 0, steps: 0 });
  return whenFree(dataLock(place, dataset.id), { signal, onWait }, async () => {
    const present = await inspectDataset(source, place, { isThorough: false, signal });
    if (present.state === 'whole') return present.record;
    const request = {
      text: join(text.folder, text.record.files[0]?.path ?? ''),
      from: from === undefined || base === undefined ? null : datasetFolder(place, base.dataset),
      steps: training.steps,
      learning_rate: training.learning_rate,
      seed: training.seed,
      ends_with_parent: true,
    };
    return placeDataset(place, {
      dataset,
      made_by: madeBy(source),
      origin: {
        kind: 'built',
        from: {
          [training.text]: text.record.digest,
          ...(from === undefined ? {} : { [from.id]: from.digest }),
        },
      },
      maySample: false,
      mayDiffer: false,
      write: async out => {
        await train({ ...request, out }, dataset.id, place, options);
        return describe(out, signal);
      },
    });
  });
}

/** How the program ends where it cannot write. */
const DISK_FULL = 74;

const Progress = z.object({ step: z.int().nonnegative(), steps: z.int().positive() });

async function train(
  request: object,
  id: string,
  place: DataPlace,
  { python, signal, onProgress }: BuildOptions,
): Promise<void> {
  const interpreter = await python();
  signal.throwIfAborted();
  const log = join(place.home, 'data', 'logs', `${id}.log`);
  const scratch = join(dirname(log), `${id}.scratch`);
  await mkdir(scratch, { recursive: true });
  const { execa } = await import('execa'); // a tenth of a second that a server's start need not wait for
  const child = execa(interpreter, ['-I', '-B', '-u', BUILD_PROGRAM], {
    cwd: scratch,
    env: environment(scratch),
    extendEnv: false,
    detached: true,
    reject: false,
    buffer: false,
    stdio: ['pipe', 'pipe', { file: log }],
  });
  const stop = () => void (child.pid !== undefined && endGroup(child.pid, 0));
  signal.addEventListener('abort', stop, { once: true });
  try {
    child.stdin.on('error', () => undefined); // it ended before it read the request: its exit says why
    child.stdin.write(`${JSON.stringify(request)}\n`);
    for await (const line of child.iterable()) onProgress(id, Progress.parse(JSON.parse(line)));
    const ended = await child;
    signal.throwIfAborted();
    if (ended.exitCode !== 0) throw failure(id, { ...ended, interpreter, log });
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** No variable of ours is passed on. */
function environment(scratch: string): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'C.UTF-8',
    HOME: scratch,
    HF_HOME: join(scratch, 'hf'),
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    TOKENIZERS_PARALLELISM: 'false',
    CUDA_VISIBLE_DEVICES: '',
    OMP_WAIT_POLICY: 'PASSIVE', // threads that spin while they wait slow each other down on a busy machine
    PYTHONHASHSEED: '0',
  };
}

function failure(
  id: string,
  ended: {
    readonly code?: string | undefined;
    readonly exitCode?: number | undefined;
    readonly signal?: string | undefined;
    readonly interpreter: string;
    readonly log: string;
  },
): ConfigError {
  if (ended.code === 'ENOENT' || ended.code === 'EACCES')
    return new ConfigError(
      `The Python interpreter ${ended.interpreter} cannot be started. Run \`mlrb setup\`.`,
    );
  if (ended.exitCode === DISK_FULL)
    return new ConfigError(
      `The disk is full: ${id} could not be saved. Free some space, or choose another folder with --home or MLRB_HOME, and try again.`,
    );
  const how =
    ended.signal === undefined
      ? `stopped with exit code ${ended.exitCode}`
      : `was ended from outside by ${ended.signal}`;
  return new ConfigError(
    `The program that trains ${id} ${how}. Its log is ${ended.log}. If that names no cause, run \`mlrb data build ${id}\` again.`,
  );
}

async function describe(folder: string, signal: AbortSignal): Promise<RecordFile[]> {
  const files: RecordFile[] = [];
  for (const path of (await readdir(folder)).sort()) {
    const full = join(folder, path);
    await chmod(full, 0o444);
    files.push({ path, bytes: (await stat(full)).size, sha256: await hashFile(full, signal) });
  }
  return files;
}
