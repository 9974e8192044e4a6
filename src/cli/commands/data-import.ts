import { resolve } from 'node:path';
import { importFolder } from '../../data/import-folder.js';
import { InputError } from '../../errors.js';
import { tellArrivals } from '../arrivals.js';
import type { DataAction } from '../data-action.js';
import { dataPlace } from '../data-place.js';

/** Takes every data set that a folder holds. */
export const importData: DataAction = async (names, { accept, again, json }, context) => {
  const [folder, ...others] = names;
  if (folder === undefined || others.length > 0)
    throw new InputError('Give one folder: `mlrb data import DIR`. See `mlrb data --help`.');
  const { config, signal, progress } = context;
  const arrivals = await importFolder(resolve(folder), dataPlace(config), {
    signal,
    mayDiffer: accept,
    again,
    onProgress: (dataset, detail) => progress.step(dataset, detail),
  });
  return tellArrivals(arrivals, { json }, context);
};
