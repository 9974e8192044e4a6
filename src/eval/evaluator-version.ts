import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Raised when a formula of this folder changes a score. */
const FORMULAS = 2;

/** Trains the small models; it lies there because the environment is the same, and scores nothing. */
const NO_SCORER = 'build_model.py';

/** The version of the formulas, and the first digits of a digest of the scorer's scripts and pinned packages. */
export async function evaluatorVersion(scorerFolder: string): Promise<string> {
  const hash = createHash('sha256');
  const names = (await readdir(scorerFolder))
    .filter(name => (name.endsWith('.py') && name !== NO_SCORER) || name === 'requirements.txt')
    .sort();
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(scorerFolder, name)));
  return `${FORMULAS}-${hash.digest('hex').slice(0, 12)}`;
}
