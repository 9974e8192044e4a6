import type { Stats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../errors.js';
import { grouped } from '../../lib/text.js';
import type { Finding } from '../outcome.js';
import { broken, quotedList } from './findings.js';

/** A model of hundreds of shards is far below this; a folder above it is not read to its end. */
const MAX_ENTRIES = 1000;

const ALLOWED = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'vocab.txt',
  'merges.txt',
  'spiece.model',
  'tokenizer.model',
  'chat_template.jinja',
  'README.md',
  'model.safetensors.index.json',
]);
const WEIGHTS_NAME = /^[A-Za-z0-9._-]{1,200}\.safetensors$/;
const OTHER_WEIGHTS = /\.(bin|pt|pth|ckpt|pkl|pickle|npz|npy|h5|msgpack|onnx|gguf|joblib)$/i;
const CODE = /\.(py|pyc|pyx|so|pyd|dll|dylib|sh|js|ipynb|c|cpp|cu)$/i;
const ADAPTER = /^adapter_(config\.json$|model\.)/;

/** A regular file of the folder by its name, with its size in bytes. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
}

export interface ModelListing {
  /** Regular files under allowed names, sorted. */
  readonly files: readonly ModelFile[];
  readonly findings: readonly Finding[];
  /** Whether there is a folder whose files can be looked at. */
  readonly isFolder: boolean;
}

/** Lists a model folder without opening a file: kinds and names of everything in it. */
export async function listModelFolder(folder: string): Promise<ModelListing> {
  const absent = await whyNoFolder(folder);
  if (absent !== undefined) return noFolder(absent);
  const entries = await readEntries(folder);
  if (entries === undefined) return noFolder(TOO_MANY);
  if (entries.length === 0) return noFolder(EMPTY);
  const files = entries.filter(entry => entry.kind === 'file' && isAllowed(entry.path));
  return {
    files: files.map(({ path, bytes }) => ({ path, bytes })),
    findings: [...kindFindings(entries), ...nameFindings(entries)],
    isFolder: true,
  };
}

function noFolder(message: string): ModelListing {
  return { files: [], findings: [broken('files', message)], isFolder: false };
}

const SAVE = 'Save the model there with model.save_pretrained(folder) and tokenizer.save_pretrained(folder).';
const EMPTY = `The model folder is empty. ${SAVE}`;
const TOO_MANY = `The model folder holds over ${grouped(MAX_ENTRIES)} entries and was not read to its end. Leave only the files of the model in it.`;

async function whyNoFolder(folder: string): Promise<string | undefined> {
  try {
    const stats = await lstat(folder);
    if (stats.isSymbolicLink()) return 'The model folder is a symbolic link. Hand in the folder itself.';
    return stats.isDirectory()
      ? undefined
      : 'The model path is a file, not a folder. Name the folder that holds config.json.';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errorCode(error) ?? ''))
      return `There is no model folder at that path. ${SAVE}`;
    throw error;
  }
}

type Kind = 'file' | 'folder' | 'link' | 'hard link' | 'other' | 'unnamed';
interface Entry extends ModelFile {
  readonly kind: Kind;
}

async function readEntries(folder: string): Promise<Entry[] | undefined> {
  const entries: Entry[] = [];
  for await (const { name } of await opendir(folder)) {
    if (entries.length === MAX_ENTRIES) return undefined;
    entries.push(await readEntry(folder, name));
  }
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function readEntry(folder: string, name: string): Promise<Entry> {
  try {
    const stats = await lstat(join(folder, name));
    return { path: name, bytes: stats.size, kind: kindOf(stats) };
  } catch (error) {
    if (!name.includes('\ufffd')) throw error;
    return { path: name, bytes: 0, kind: 'unnamed' }; // bytes that are not UTF-8 were replaced: nothing has the name that is left
  }
}

function kindOf(stats: Stats): Kind {
  if (stats.isFile()) return stats.nlink > 1 ? 'hard link' : 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

const KIND_SENTENCES: readonly (readonly [Kind, string])[] = [
  [
    'folder',
    'Subfolders are not accepted: remove %, and put the files of the model directly into the folder.',
  ],
  ['link', 'Symbolic links are not accepted: replace % by the files themselves.'],
  ['hard link', 'Hard links are not accepted: replace % by copies (cp, not ln).'],
  ['other', 'Only regular files are accepted: remove %, which is a device, FIFO or socket.'],
  [
    'unnamed',
    'Names must be in UTF-8: remove or rename %, shown here with the marks that replace other bytes.',
  ],
];

function kindFindings(entries: readonly Entry[]): Finding[] {
  return KIND_SENTENCES.flatMap(([kind, sentence]) =>
    aboutNames(
      entries.filter(entry => entry.kind === kind),
      sentence,
    ),
  );
}

const NAME_SENTENCES: readonly (readonly [(path: string) => boolean, string])[] = [
  [
    path => ADAPTER.test(path),
    'Adapters are not accepted: merge % into the model (merge_and_unload) and save the whole model.',
  ],
  [
    path => OTHER_WEIGHTS.test(path),
    'Weights are accepted as safetensors only: remove %, and save with save_pretrained(folder).',
  ],
  [path => CODE.test(path), 'Code is not accepted: remove %; the model must load without it.'],
  [() => true, 'Only the files of a Hugging Face model are accepted: remove %.'],
];

function nameFindings(entries: readonly Entry[]): Finding[] {
  let rest = entries.filter(({ kind, path }) => kind !== 'folder' && kind !== 'unnamed' && !isAllowed(path));
  return NAME_SENTENCES.flatMap(([matches, sentence]) => {
    const matching = rest.filter(entry => matches(entry.path));
    rest = rest.filter(entry => !matches(entry.path));
    return aboutNames(matching, sentence);
  });
}

function isAllowed(path: string): boolean {
  return ALLOWED.has(path) || (WEIGHTS_NAME.test(path) && !ADAPTER.test(path));
}

function aboutNames(entries: readonly Entry[], sentence: string): Finding[] {
  if (entries.length === 0) return [];
  return [
    broken(
      'files',
      sentence.replace('%', () => quotedList(entries.map(entry => entry.path))),
    ),
  ];
}
