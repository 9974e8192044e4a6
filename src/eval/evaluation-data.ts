import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { packedDigest, readPacked, sha256, writeReadOnly } from '../lib/packed-data.js';

/** What submissions are scored on, as files. */
export interface EvaluationData {
  /** One `<subtask>.jsonl` for each subtask, and nothing else. */
  readonly blimpFolder: string;
  readonly subtasks: readonly string[];
  /** WikiText-2's test text, where the operator put it; null where it is not. */
  readonly textPath: string | null;
  /** SHA-256 over the content of all of it. */
  readonly digest: string;
}

/** Where the operator puts WikiText-2's test text, from the home folder on. */
export const WIKITEXT_FILE = 'data/eval/wikitext2/test.txt';
const BLIMP = 'eval/blimp.jsonl';
const LIST = 'subtasks.json';

/**
 * The evaluation data below `<home>/data/eval`, unpacked from the package on first use, compared with its digest each time and mended where
 * it was damaged. Training data never lies there.
 * @throws ConfigError if the package is damaged or the disk full.
 */
export async function prepareEvaluationData(packageData: string, home: string): Promise<EvaluationData> {
  const folder = join(home, 'data', 'eval');
  const blimpFolder = join(folder, 'blimp');
  const { sha256: expected } = await packedDigest(packageData, BLIMP);
  const subtasks = (await readWhole(folder, expected)) ?? (await unpack(packageData, folder));
  const textPath = await textAt(join(home, WIKITEXT_FILE));
  const text = textPath === null ? 'none' : sha256(await readFile(textPath));
  return { blimpFolder, subtasks, textPath, digest: sha256(`blimp ${expected}\nwikitext2 ${text}\n`) };
}

/** The names of the subtasks if all files are there and together have the digest of the package's file. */
async function readWhole(folder: string, expected: string): Promise<string[] | undefined> {
  const hash = createHash('sha256');
  const subtasks = await readList(folder);
  for (const subtask of subtasks) {
    const content = await readFile(join(folder, 'blimp', `${subtask}.jsonl`)).catch(() => undefined);
    if (content === undefined) return undefined;
    hash.update(content);
  }
  return hash.digest('hex') === expected ? subtasks : undefined;
}

async function readList(folder: string): Promise<string[]> {
  try {
    const list: unknown = JSON.parse(await readFile(join(folder, LIST), 'utf8'));
    return Array.isArray(list) ? list.map(String).filter(name => /^\w+$/.test(name)) : [];
  } catch {
    return []; // not there or damaged: then it is written anew
  }
}

async function unpack(packageData: string, folder: string): Promise<string[]> {
  const content = (await readPacked(packageData, BLIMP)).toString('utf8');
  const bySubtask = new Map<string, string[]>();
  for (const line of content.trimEnd().split('\n')) {
    const subtask = subtaskOf(line);
    const lines = bySubtask.get(subtask) ?? [];
    lines.push(line);
    bySubtask.set(subtask, lines);
  }
  for (const [subtask, lines] of bySubtask) {
    await writeReadOnly(join(folder, 'blimp', `${subtask}.jsonl`), `${lines.join('\n')}\n`);
  }
  const subtasks = [...bySubtask.keys()];
  await writeReadOnly(join(folder, LIST), `${JSON.stringify(subtasks)}\n`);
  return subtasks;
}

function subtaskOf(line: string): string {
  return String(JSON.parse(line).UID);
}

async function textAt(path: string): Promise<string | null> {
  const stats = await stat(path).catch(() => undefined);
  return stats?.isFile() ? path : null;
}
