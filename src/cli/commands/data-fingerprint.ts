import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors.js';
import { type Collected, collectFingerprints } from '../../eval/rules/known-models.js';
import { PACKAGE_ROOT } from '../../lib/package-root.js';
import { grouped } from '../../lib/text.js';
import type { CommandContext } from '../command.js';

/**
 * Keeps the fingerprints of every model below a folder, so that submissions made from one of them are known. Exit code 1 if there is none.
 * @throws InputError if not one folder is named.
 */
export async function fingerprintModels(
  names: readonly string[],
  { json }: { readonly json: boolean },
  { config, signal, print, progress }: CommandContext,
): Promise<number> {
  const [name, ...more] = names;
  if (name === undefined || more.length > 0)
    throw new InputError('Name one folder that holds models: `mlrb data fingerprint DIR`.');
  const folder = resolve(name);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory())
    throw new InputError(`There is no folder ${folder}. Name a folder that holds models as safetensors.`);
  progress.step('reading models', folder);
  const place = { home: config.home, packageData: join(PACKAGE_ROOT, 'data') };
  const collected = await collectFingerprints(folder, place, signal);
  progress.clear();
  print(json ? JSON.stringify(collected, null, 2) : text(folder, collected));
  return collected.some(({ matrices }) => matrices > 0) ? 0 : 1;
}

function text(folder: string, collected: readonly Collected[]): string {
  if (collected.length === 0)
    return `There is no model in ${folder}: no file there or below ends in .safetensors.`;
  return collected.map(line).join('\n');
}

function line({ folder, matrices, reason }: Collected): string {
  return reason === undefined
    ? `${folder}: ${grouped(matrices)} of its matrices are kept`
    : `${folder}: left out. ${reason}`;
}
