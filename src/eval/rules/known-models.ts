import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { DATASETS } from '../../data/datasets.js';
import { locateDataset } from '../../data/locate-dataset.js';
import type { DataPlace } from '../../data/locations.js';
import { ConfigError, errorCode } from '../../errors.js';
import { writeJson } from '../../lib/atomic-write.js';
import { sha256 } from '../../lib/packed-data.js';
import { Fingerprint, fromFingerprint, type Print, toFingerprint } from './fingerprint.js';
import { findModelFolders, readTrustedPrints } from './model-folders.js';

/** A model that submissions are compared with. */
export interface KnownModel {
  readonly name: string;
  readonly prints: readonly Print[];
}

/**
 * Every base model among the host's data, and all that the operator collected with `mlrb data fingerprint`.
 * @throws ConfigError for a record that is damaged.
 */
export async function knownModels(place: DataPlace, signal: AbortSignal): Promise<KnownModel[]> {
  return [...(await hostModels(place, signal)), ...(await collectedModels(place))];
}

/** One of them by its name; undefined where it is not on the host. @throws as `knownModels`. */
export async function knownModel(
  name: string,
  place: DataPlace,
  signal: AbortSignal,
): Promise<KnownModel | undefined> {
  const isOfHost = DATASETS.some(({ id, format }) => id === name && format === 'model');
  const found = isOfHost ? await hostModel(name, place, signal) : undefined;
  return found ?? (await collectedModels(place)).find(model => model.name === name);
}

async function hostModels(place: DataPlace, signal: AbortSignal): Promise<KnownModel[]> {
  const models: KnownModel[] = [];
  for (const { id, format } of DATASETS) {
    if (format !== 'model') continue;
    const model = await hostModel(id, place, signal);
    if (model !== undefined) models.push(model);
  }
  return models;
}

async function hostModel(
  name: string,
  place: DataPlace,
  signal: AbortSignal,
): Promise<KnownModel | undefined> {
  const located = await locateDataset(name, place, signal);
  if (!located.isFound) return undefined;
  const { prints } = await readTrustedPrints(located.folder, signal);
  return prints.length === 0 ? undefined : { name, prints };
}

async function collectedModels({ home }: DataPlace): Promise<KnownModel[]> {
  const models: KnownModel[] = [];
  for (const name of (await namesIn(collectionOf(home))).filter(each => each.endsWith('.json')).sort()) {
    const fingerprint = await readFingerprint(join(collectionOf(home), name));
    models.push({ name: fingerprint.model, prints: fromFingerprint(fingerprint) });
  }
  return models;
}

function collectionOf(home: string): string {
  return join(home, 'data', 'fingerprints');
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function readFingerprint(path: string): Promise<Fingerprint> {
  try {
    return Fingerprint.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const what = `The fingerprint ${path} is damaged. Remove it, and make it again with \`mlrb data fingerprint DIR\`.`;
    throw new ConfigError(what, { cause: error });
  }
}

/** What became of one model folder. */
export interface Collected {
  readonly folder: string;
  /** Matrices that submissions will be compared with; 0 where the folder was left out. */
  readonly matrices: number;
  /** Why it was left out, a sentence. */
  readonly reason?: string;
}

/**
 * Keeps the fingerprints of every model below a folder, so that submissions are compared with them without the weights being there. A folder that was
 * collected before is collected anew.
 */
export async function collectFingerprints(
  folder: string,
  place: DataPlace,
  signal: AbortSignal,
): Promise<Collected[]> {
  const collected: Collected[] = [];
  for (const model of await findModelFolders(resolve(folder))) {
    const { prints, fault } = await readTrustedPrints(model, signal);
    if (prints.length === 0) {
      collected.push({
        folder: model,
        matrices: 0,
        reason: fault ?? 'It has no matrix that is large enough.',
      });
      continue;
    }
    const name = relative(resolve(folder), model) || basename(model);
    const file = `${name.replaceAll(/[^\w.-]+/g, '-').slice(-80)}-${sha256(model).slice(0, 8)}.json`;
    await writeJson(join(collectionOf(place.home), file), toFingerprint(name, prints));
    collected.push({ folder: model, matrices: prints.length });
  }
  return collected;
}
