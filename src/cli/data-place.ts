import { join } from 'node:path';
import type { Config } from '../config.js';
import type { DataPlace } from '../data/locations.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';

/** The data that ships with the package. */
export const PACKAGE_DATA = join(PACKAGE_ROOT, 'data');

/** Where data lies on this host. */
export function dataPlace({ home }: Pick<Config, 'home'>): DataPlace {
  return { home, packageData: PACKAGE_DATA };
}
