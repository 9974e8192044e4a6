import { join } from 'node:path';
import type { Finding } from '../outcome.js';
import { broken, quoted, quotedList } from './findings.js';
import { findNonFinite } from './finite-values.js';
import type { ModelFile } from './list-model-folder.js';
import { openRegularFile } from './open-regular-file.js';
import { isObject, readJsonObject } from './read-json.js';
import { countElements, readSafetensorsHeader, type Tensor } from './safetensors.js';

const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';
const MAX_INDEX_BYTES = 50_000_000;

export interface Weights {
  readonly tensors: readonly Tensor[];
  /** Counted from the shapes; null where the headers cannot be trusted. */
  readonly parameters: number | null;
  readonly findings: readonly Finding[];
}

/** Reads the headers of all weight files and compares them with the index. Values are not read. */
export async function readWeights(folder: string, files: readonly ModelFile[]): Promise<Weights> {
  const names = files.map(file => file.path).filter(path => path.endsWith('.safetensors'));
  if (names.length === 0) return { tensors: [], parameters: null, findings: [noWeights(files)] };
  const headers = await Promise.all(names.map(name => readHeader(folder, name)));
  const tensors = headers.flatMap(header => header.tensors);
  const findings = headers.flatMap(header => header.findings);
  if (findings.length > 0) return { tensors: [], parameters: null, findings };
  const arrangement = [
    ...repeatedTensors(tensors),
    ...(await checkArrangement(folder, { files, names, tensors })),
  ];
  return { tensors, parameters: countParameters(tensors), findings: arrangement };
}

function noWeights(files: readonly ModelFile[]): Finding {
  const hasIndex = files.some(({ path }) => path === INDEX);
  const why = hasIndex ? `${INDEX} names none that lie in this folder` : `${SINGLE} is missing`;
  return broken(
    'tensors',
    `There are no weights: ${why}. Save the model with model.save_pretrained(folder).`,
  );
}

async function readHeader(folder: string, name: string) {
  await using handle = await openRegularFile(join(folder, name));
  return await readSafetensorsHeader(handle, name); // awaited: the handle is closed on return
}

/** Masks are no parameters; everything else counts, since a loader may turn whole numbers into weights. */
function countParameters(tensors: readonly Tensor[]): number {
  return tensors
    .filter(({ dtype }) => dtype !== 'BOOL')
    .reduce((sum, { shape }) => sum + countElements(shape), 0);
}

function repeatedTensors(tensors: readonly Tensor[]): Finding[] {
  const seen = new Map<string, string>();
  for (const { name, file } of tensors) {
    const other = seen.get(name);
    if (other !== undefined)
      return [
        broken(
          'tensors',
          `The tensor ${quoted(name)} lies in both ${quoted(other)} and ${quoted(file)}. Save the model into an empty folder.`,
        ),
      ];
    seen.set(name, file);
  }
  return [];
}

interface Arrangement {
  readonly files: readonly ModelFile[];
  readonly names: readonly string[];
  readonly tensors: readonly Tensor[];
}

/** One file under the plain name, or shards that an index names: anything else a loader would ignore in part. */
async function checkArrangement(folder: string, { files, names, tensors }: Arrangement): Promise<Finding[]> {
  if (!files.some(file => file.path === INDEX)) {
    const rest = names.filter(name => name !== SINGLE);
    if (rest.length === 0) return [];
    const message = names.includes(SINGLE)
      ? `Beside ${SINGLE} lie weights that would be ignored: remove ${quotedList(rest)}.`
      : `The weights are neither ${SINGLE} nor named in ${INDEX}: save the model with model.save_pretrained(folder).`;
    return [broken('tensors', message)];
  }
  if (names.includes(SINGLE))
    return [broken('tensors', `Both ${SINGLE} and ${INDEX} are there. Save the model into an empty folder.`)];
  return checkIndex(folder, { names, tensors });
}

async function checkIndex(
  folder: string,
  { names, tensors }: Omit<Arrangement, 'files'>,
): Promise<Finding[]> {
  const index = await readJsonObject(folder, INDEX, MAX_INDEX_BYTES);
  if (!index.ok) return [broken('tensors', index.message)];
  const map = index.value.weight_map;
  if (!isObject(map))
    return [
      broken('tensors', `${INDEX} has no "weight_map". Save the model again with save_pretrained(folder).`),
    ];
  const foreign = [
    ...new Set(Object.values(map).filter(file => typeof file !== 'string' || !names.includes(file))),
  ];
  if (foreign.length > 0) {
    const shown = quotedList(foreign.map(String));
    return [
      broken(
        'tensors',
        `${INDEX} points to ${shown}, which is no weight file of this folder. Save the model again with save_pretrained(folder).`,
      ),
    ];
  }
  const places = new Map(tensors.map(({ name, file }) => [name, file]));
  const lost = Object.entries(map)
    .filter(([name, file]) => places.get(name) !== file)
    .map(([name]) => name);
  const unnamed = tensors.map(({ name }) => name).filter(name => !Object.hasOwn(map, name));
  return [
    ...(lost.length > 0
      ? [
          broken(
            'tensors',
            `${INDEX} names tensors that are not where it says: ${quotedList(lost)}. Save the model again.`,
          ),
        ]
      : []),
    ...(unnamed.length > 0
      ? [
          broken(
            'tensors',
            `${INDEX} leaves out tensors that are there: ${quotedList(unnamed)}. Save the model again.`,
          ),
        ]
      : []),
  ];
}

/** Reads all weights and names the tensors that hold NaN or an infinity. */
export async function checkValues(folder: string, tensors: readonly Tensor[]): Promise<Finding[]> {
  const found: string[] = [];
  for (const file of new Set(tensors.map(tensor => tensor.file))) {
    await using handle = await openRegularFile(join(folder, file));
    found.push(
      ...(await findNonFinite(
        handle,
        tensors.filter(tensor => tensor.file === file),
      )),
    );
  }
  if (found.length === 0) return [];
  const message = `The weights hold values that are not finite (NaN or infinity), in ${quotedList(found)}. Training diverged; hand in an earlier or a new model.`;
  return [broken('tensors', message)];
}
