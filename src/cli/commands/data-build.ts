import { DATASETS } from '../../data/datasets.js';
import { locateDataset } from '../../data/locate-dataset.js';
import { InputError } from '../../errors.js';
import type { DataAction } from '../data-action.js';
import { namedDatasets } from '../data-needs.js';
import { dataPlace } from '../data-place.js';
import { knownTasks } from '../known-tasks.js';
import { readyModels, SMALL_MODELS } from '../small-models-here.js';

/** Trains small models, all of them where none is named. Those that are there stay. */
export const buildData: DataAction = async (names, { json }, context) => {
  const { config, signal, print } = context;
  const ids = namedDatasets(names, knownTasks(config)).filter(id => SMALL_MODELS.includes(id));
  const wrong = names.find(name => ids.length === 0 || isOther(name));
  if (wrong !== undefined)
    throw new InputError(
      `There is nothing to build for "${wrong}": what is built is ${SMALL_MODELS.join(', ')}.`,
    );
  await readyModels(ids, config, context);
  const found = await Promise.all(ids.map(id => locateDataset(id, dataPlace(config), signal)));
  const models = found.map(located => ({
    id: located.dataset.id,
    folder: located.isFound ? located.folder : null,
  }));
  print(
    json ? JSON.stringify(models, null, 2) : models.map(({ id, folder }) => `${id}: ${folder}`).join('\n'),
  );
  return 0;
};

/** Whether a name is that of a data set which is not built. */
function isOther(name: string): boolean {
  return DATASETS.some(({ id }) => id === name) && !SMALL_MODELS.includes(name);
}
