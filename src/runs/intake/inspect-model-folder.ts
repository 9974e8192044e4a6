import { errorCode } from '../../errors.js';
import { size } from '../../lib/text.js';
import type { Task } from '../../tasks/task.js';
import type { Finding } from '../outcome.js';
import { checkConfigAgainstTensors, embeddingRows } from './config-against-tensors.js';
import { broken } from './findings.js';
import { listModelFolder, type ModelFile } from './list-model-folder.js';
import { type Architecture, checkConfig } from './model-config.js';
import { type ModelTypes, modelTypes } from './model-types.js';
import { NotARegularFile } from './open-regular-file.js';
import { readJsonObject } from './read-json.js';
import { checkValues, readWeights } from './read-weights.js';
import { checkStoredTypes } from './stored-types.js';
import { checkTokenizerFiles, checkVocabulary } from './tokenizer-files.js';

/** What was found out about a model folder without running anything of it. */
export interface ModelInspection {
  /** Every reason against it at once; none: it may be loaded. */
  readonly findings: readonly Finding[];
  readonly files: readonly ModelFile[];
  /** Sum of the sizes of the files under accepted names. */
  readonly bytes: number;
  /** Counted from tensor shapes; null where the weights cannot be read. */
  readonly parameters: number | null;
  readonly architecture: Architecture | null;
}

/**
 * Checks a folder that is handed in as a Hugging Face model against a task's limits. Reads the files as bytes and JSON only, follows no
 * link, and stops early where reading on would cost time: too many entries, too many bytes.
 */
export async function inspectModelFolder(
  folder: string,
  limits: Task['submission'],
): Promise<ModelInspection> {
  const types = await modelTypes(); // a fault of this file is ours, not the folder's
  try {
    return await inspect(folder, limits, types);
  } catch (error) {
    if (error instanceof NotARegularFile || isChange(error))
      return { ...NOTHING, findings: [broken('files', CHANGED)] };
    throw error;
  }
}

const NOTHING = { files: [], bytes: 0, parameters: null, architecture: null } as const;
const CHANGED =
  'The model folder changed while it was being read. Wait until nothing writes to it, then hand it in again.';

/** A file that was there when the folder was listed is gone, or became a link. */
function isChange(error: unknown): boolean {
  return ['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR', 'EISDIR'].includes(errorCode(error) ?? '');
}

async function inspect(
  folder: string,
  limits: Task['submission'],
  types: ModelTypes,
): Promise<ModelInspection> {
  const { files, findings: listed, isFolder } = await listModelFolder(folder);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (!isFolder) return { ...NOTHING, findings: listed };
  if (bytes > limits.max_bytes)
    return { ...NOTHING, files, bytes, findings: [...listed, tooLarge(bytes, limits.max_bytes)] };
  const config = await readConfig(folder, files, limits.architectures, types);
  const tokenizer = await checkTokenizerFiles(folder, files);
  const weights = await readWeights(folder, files);
  const findings = [
    ...listed,
    ...config.findings,
    ...tokenizer.findings,
    ...weights.findings,
    ...checkStoredTypes(weights.tensors, limits.dtypes),
    ...tooMany(weights.parameters, limits.max_parameters),
  ];
  if (weights.tensors.length > 0) {
    if (config.value !== undefined)
      findings.push(
        ...checkConfigAgainstTensors(config.value, config, weights.tensors),
        ...checkVocabulary(tokenizer, embeddingRows(config.value, config)),
      );
    findings.push(...(await checkValues(folder, weights.tensors)));
  }
  return { findings, files, bytes, parameters: weights.parameters, architecture: config.architecture };
}

function tooLarge(bytes: number, limit: number): Finding {
  return broken(
    'size',
    `The model folder holds ${size(bytes)}, the task allows ${size(limit)}. Hand in a smaller model.`,
  );
}

function tooMany(parameters: number | null, limit: number): Finding[] {
  if (parameters === null || parameters <= limit) return [];
  const message = `The model has ${parameters.toLocaleString('en')} parameters, the task allows ${limit.toLocaleString('en')}. Hand in a smaller model.`;
  return [broken('size', message)];
}

const MAX_CONFIG_BYTES = 1_000_000;

const NO_CONFIG = { value: undefined, architecture: null, type: undefined } as const;

async function readConfig(
  folder: string,
  files: readonly ModelFile[],
  accepted: readonly Architecture[],
  types: ModelTypes,
) {
  if (!has(files, 'config.json')) {
    const message = 'config.json is missing. Save the model with model.save_pretrained(folder).';
    return { ...NO_CONFIG, findings: [broken('config', message)] };
  }
  const config = await readJsonObject(folder, 'config.json', MAX_CONFIG_BYTES);
  if (!config.ok) return { ...NO_CONFIG, findings: [broken('config', config.message)] };
  return { value: config.value, ...checkConfig(config, accepted, types) };
}

function has(files: readonly ModelFile[], name: string): boolean {
  return files.some(file => file.path === name);
}
