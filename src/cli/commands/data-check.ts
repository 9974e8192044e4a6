import { findSource } from '../../data/datasets.js';
import { grouped, size } from '../../lib/text.js';
import { type Column, renderTable } from '../../report/render.js';
import type { DataAction } from '../data-action.js';
import { namedDatasets } from '../data-needs.js';
import { type DatasetState, datasetState, isUsable } from '../dataset-states.js';
import { knownTasks } from '../known-tasks.js';

const COLUMNS: readonly Column<DatasetState>[] = [
  { heading: 'data set', cell: ({ id }) => id },
  { heading: 'for', cell: ({ role }) => (role === 'train' ? 'training' : 'scoring') },
  { heading: 'state', cell: ({ state }) => state },
  { heading: 'rows', cell: ({ rows }) => (rows === 0 ? '' : grouped(rows)), right: true },
  { heading: 'size', cell: ({ bytes }) => (bytes === 0 ? '' : size(bytes)), right: true },
  { heading: 'needed by', cell: ({ tasks }) => tasks.join(', ') },
];

/** What is there and whole, read in full; what is missing, for which task, and how to get it. */
export const checkData: DataAction = async (names, { json }, { config, signal, print, progress }) => {
  const tasks = knownTasks(config);
  const states: DatasetState[] = [];
  for (const id of namedDatasets(names, tasks)) {
    progress.step('reading', id);
    states.push(await datasetState(id, config, { tasks, isThorough: true, signal }));
  }
  progress.clear();
  print(json ? JSON.stringify(states, null, 2) : text(states));
  return states.every(isUsable) ? 0 : 1;
};

function text(states: readonly DatasetState[]): string {
  const notes = states.filter(state => state.note !== '' && isUsable(state));
  const spoilt = states.filter(({ state }) => state === 'damaged' || state === 'outdated');
  const lacking = states.filter(state => !isUsable(state));
  return [
    renderTable(COLUMNS, states),
    ...notes.map(({ id, note }) => `${id}: ${note}.`),
    ...spoilt.map(({ note }) => note),
    ...remedies(lacking),
  ].join('\n');
}

/** One line for all that the hub has, and one for each other way. */
function remedies(lacking: readonly DatasetState[]): string[] {
  const fromHub = lacking
    .filter(({ id }) => findSource(id).dataset.origin.kind === 'hub')
    .map(({ id }) => id);
  const others = lacking.filter(({ id }) => !fromHub.includes(id));
  return [
    ...(fromHub.length === 0
      ? []
      : [
          `\`mlrb data fetch ${fromHub.join(' ')}\` gets what the hub has; \`mlrb data import DIR\` takes it from a folder.`,
        ]),
    ...new Set(others.map(({ remedy }) => remedy)),
  ];
}
