import type { Arrival } from '../../data/arrival.js';
import { isTrained } from '../../data/build-model.js';
import { findSource } from '../../data/datasets.js';
import { fetchDataset } from '../../data/fetch-dataset.js';
import { Hub } from '../../data/hub/hub.js';
import { tellArrivals } from '../arrivals.js';
import type { DataAction } from '../data-action.js';
import { namedDatasets } from '../data-needs.js';
import { dataPlace } from '../data-place.js';
import { knownTasks } from '../known-tasks.js';

/** Gets data sets from the hub, one after the other. Those that come with the package or are made here are fetched only where they are named themselves. */
export const fetchData: DataAction = async (names, { accept, again, json }, context) => {
  const { config, signal, progress } = context;
  const ids = namedDatasets(names, knownTasks(config)).filter(id => names.includes(id) || isElsewhere(id));
  const { hub: settings, research } = config;
  await using hub = new Hub({ ...settings, proxy: research.proxy, noProxy: research.no_proxy });
  const arrivals: Arrival[] = [];
  for (const id of ids) {
    const arrival = await fetchDataset(findSource(id), dataPlace(config), {
      hub,
      url: settings.url,
      signal,
      mayDiffer: accept,
      again,
      onProgress: (dataset, detail) => progress.step(dataset, detail),
    });
    arrivals.push(arrival);
  }
  return tellArrivals(arrivals, { json }, context);
};

function isElsewhere(id: string): boolean {
  const source = findSource(id);
  return source.make === undefined && !isTrained(source);
}
