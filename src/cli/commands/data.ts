import { z } from 'zod';
import { InputError } from '../../errors.js';
import { unknownName } from '../../lib/suggest.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import type { DataAction } from '../data-action.js';

/** Loaded only when asked for. */
const ACTIONS: ReadonlyMap<string, () => Promise<DataAction>> = new Map([
  ['fetch', async () => (await import('./data-fetch.js')).fetchData],
  ['import', async () => (await import('./data-import.js')).importData],
  ['check', async () => (await import('./data-check.js')).checkData],
  ['build', async () => (await import('./data-build.js')).buildData],
  ['fingerprint', async () => (await import('./data-fingerprint.js')).fingerprintModels],
]);

export const data = defineCommand({
  name: 'data',
  summary: 'the data that tasks train on and are scored on: fetch, import, check, build, fingerprint',
  details: [
    '`fetch` gets data sets from the Hugging Face hub at pinned commits, and goes on where it was broken off; `import` takes them from a folder.',
    '`check` says what is there and what is missing, and for which task; exit code 1 if something that was asked for is missing.',
    '`build` trains the small models that some small tasks start from, which any command that needs them does too.',
    '`fingerprint` keeps what every model below a folder can be known by, so that submissions made from one are found out.',
    'Names are those of data sets, tasks, or suites; none means all. What trains and what is scored on lie apart in the home folder.',
  ].join(' '),
  arguments: [
    ['<action>', 'fetch, import, check, build, or fingerprint'],
    ['[names...]', 'data sets, tasks or suites; for import and fingerprint the folder'],
  ],
  options: [
    ['--accept', 'with fetch and import: take content other than the known one; scores on it say so'],
    ['--again', 'with fetch and import: also what is here already, whole'],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb data check', 'every data set, and who needs it'],
    ['mlrb data fetch mini', 'what the small tasks need from the hub'],
    ['HF_TOKEN=hf_… mlrb data fetch lima', 'a data set whose terms were accepted'],
    ['mlrb data import ./downloads', 'data sets out of a folder'],
    ['mlrb data build', 'the small models, beforehand'],
    ['mlrb data fingerprint ./models', 'models that no submission may be made from'],
  ],
  input: z.object({
    action: z.string(),
    names: z.array(z.string()),
    accept: z.boolean().default(false),
    again: z.boolean().default(false),
    json: JsonFlag,
  }),
  async run({ action, names, ...options }, context) {
    const load = ACTIONS.get(action);
    if (load === undefined) throw new InputError(unknownName('action', action, [...ACTIONS.keys()]));
    const act = await load();
    return act(names, options, context);
  },
});
