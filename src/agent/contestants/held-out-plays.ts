import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/package-root.js';
import { readPacked } from '../../lib/packed-data.js';

/** Where the part begins that submissions are scored on. */
const SHARE = 0.9;

/** The last tenth of the lines of the plays: what no contestant is given, as someone might have it who knows the plays. */
export async function heldOutPlays(): Promise<string> {
  const plays = await readPacked(join(PACKAGE_ROOT, 'data'), 'train/tinyshakespeare.txt');
  const lines = plays.toString('utf8').split(/(?<=\n)/);
  return lines.slice(Math.floor(lines.length * SHARE)).join('');
}
