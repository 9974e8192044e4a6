import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensorsHeader, type Tensor } from '../../runs/intake/safetensors.js';
import { type Print, printsOf } from './fingerprint.js';

const DEEPEST = 8;

/** Folders at or below one that hold safetensors files, links followed: the hub's cache is made of them. */
export async function findModelFolders(root: string, depth = 0): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true });
  const here = entries.some(({ name }) => name.endsWith('.safetensors')) ? [root] : [];
  const below: string[] = [];
  for (const { name } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(root, name);
    if (depth < DEEPEST && (await isFolder(path))) below.push(...(await findModelFolders(path, depth + 1)));
  }
  return [...here, ...below];
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Prints of the operator's own model, or why there are none. */
export async function readTrustedPrints(
  folder: string,
  signal: AbortSignal,
): Promise<{ prints: Print[]; fault?: string }> {
  const tensors: Tensor[] = [];
  for (const name of (await readdir(folder)).filter(each => each.endsWith('.safetensors')).sort()) {
    await using handle = await open(join(folder, name));
    const header = await readSafetensorsHeader(handle, name);
    const [finding] = header.findings;
    if (finding !== undefined) return { prints: [], fault: finding.message };
    tensors.push(...header.tensors);
  }
  return { prints: await printsOf(folder, tensors, { open: path => open(path), signal }) };
}
