import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { knownTasks } from '../../src/cli/known-tasks.js';
import { ConfigError } from '../../src/errors.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { readCustomTasks } from '../../src/tasks/custom-tasks.js';
import { ownTaskData } from '../../src/tasks/own-data.js';
import { renderPrompt } from '../../src/tasks/prompt.js';
import { Task } from '../../src/tasks/task.js';
import { tasks } from '../../src/tasks/tasks.js';
import { freshFolder } from '../helpers/data.js';

/** The folder that the page on custom tasks shows. */
const EXAMPLES = join(PACKAGE_ROOT, 'docs', 'examples', 'tasks');
const NAME = 'nursery_rhymes';

interface Place {
  readonly folder: string;
  readonly place: string;
  readonly manifest: string;
}

/** A copy of the example, its manifest changed. */
function copied(change: (manifest: Record<string, unknown>) => void = () => undefined): Place {
  const folder = freshFolder();
  const place = join(folder, NAME);
  cpSync(join(EXAMPLES, NAME), place, { recursive: true });
  const manifest = join(place, 'task.yaml');
  const content = parse(readFileSync(manifest, 'utf8'));
  change(content);
  writeFileSync(manifest, stringify(content));
  return { folder, place, manifest };
}

/** The sentence in which the folder is refused. */
function refusal(folder: string): string {
  try {
    knownTasks({ tasks: folder });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

/** The example's manifest, scored by bits per byte. */
function bitsPerByteOn(manifest: string, data: string): string {
  return readFileSync(manifest, 'utf8')
    .replaceAll('blimp@100', 'bits_per_byte')
    .replace('higher_is_better', `lower_is_better\n    data: ${data}`);
}

test('the example of the docs is a task like those of the package', async () => {
  const [folder, ...others] = readCustomTasks(EXAMPLES, tasks);
  if (folder === undefined) throw new Error('there is one');
  expect(others).toEqual([]);
  expect(Task.parse(folder.task)).toEqual(folder.task);
  const prompt = await renderPrompt(folder, { workspace: '/workspace', data: '/data' });
  expect(prompt).toContain('# Language model from scratch on nursery rhymes');
  expect(prompt).toContain('Hand it in within 10 min.');
  expect(prompt).toContain('- `/data/rhymes.txt`: Three nursery rhymes, one verse a line. 98 words, 500 B.');
  expect(await ownTaskData(folder)).toBe(join(EXAMPLES, NAME, 'data'));
});

test('the words and bytes that the example states are those of its file', () => {
  const [folder] = readCustomTasks(EXAMPLES, tasks);
  const content = readFileSync(join(EXAMPLES, NAME, 'data', 'rhymes.txt'), 'utf8');
  expect(folder?.task.data[0]).toMatchObject({
    bytes: Buffer.byteLength(content),
    words: content.trim().split(/\s+/).length,
  });
});

test('a manifest in JSON is as good as one in YAML, and other folders are left alone', () => {
  const { folder, place, manifest } = copied();
  writeFileSync(join(place, 'task.json'), JSON.stringify(parse(readFileSync(manifest, 'utf8'))));
  rmSync(manifest);
  mkdirSync(join(folder, 'notes'));
  writeFileSync(join(folder, 'README.md'), 'about these tasks');
  expect(knownTasks({ tasks: folder }).map(({ task }) => task.id)).toEqual([
    ...tasks.map(({ task }) => task.id),
    NAME,
  ]);
});

test('without the setting there are the tasks of the package', () => {
  expect(knownTasks({ tasks: '' })).toBe(tasks);
});

test('its own files lie in the workspace beside the example of the format', () => {
  const { folder, place } = copied();
  mkdirSync(join(place, 'files'));
  const [task] = readCustomTasks(folder, tasks);
  expect(task?.files).toEqual([...(tasks[1]?.files ?? []), join(place, 'files')]);
});

type Manifest = Record<string, unknown> & {
  budget: Record<string, unknown>;
  submission: Record<string, unknown>;
  data: Record<string, unknown>[];
  rules: Record<string, unknown>[];
  evaluators: Record<string, unknown>[];
};

describe('a manifest that is not right is refused in one sentence with the file, the field and what it takes', () => {
  test.each<[string, (manifest: Manifest) => void, string]>([
    [
      'text for a number',
      ({ budget }) => Object.assign(budget, { wall_clock_min: 'ten' }),
      '"budget.wall_clock_min" is not right, as "ten" was given: it takes a number.',
    ],
    [
      'a number out of bounds',
      ({ budget }) => Object.assign(budget, { gpus: -1 }),
      '"budget.gpus" is not right, as -1 was given: it takes at least 0.',
    ],
    ['a field that is missing', manifest => delete manifest.title, '"title" is not right: it takes text.'],
    [
      'a value that is none of those known',
      ({ submission }) => Object.assign(submission, { dtypes: ['int8'] }),
      '"submission.dtypes.0" is not right, as "int8" was given: it takes one of float32, float16, bfloat16.',
    ],
    [
      'a misspelt field',
      manifest => Object.assign(manifest, { sumary: 'x' }),
      'there is no field "sumary". Did you mean "summary"? Known there: id, version,',
    ],
    [
      'a misspelt field further down',
      ({ budget }) => Object.assign(budget, { gpu: 1 }),
      'there is no field "budget.gpu". Did you mean "gpus"? Known there: wall_clock_min, cpus, memory_gb, disk_gb, gpus.',
    ],
    [
      'a field of another kind of rule',
      ({ rules }) => Object.assign(rules[1] ?? {}, { max_minute: 5 }),
      'there is no field "rules.1.max_minute". Did you mean "max_minutes"? Known there: id, text,',
    ],
    [
      'a rule that is not checked',
      ({ rules }) => Object.assign(rules[0] ?? {}, { id: 'be_nice' }),
      '"rules.0.id" is not right: it takes one of files, config, tokenizer,',
    ],
    [
      'a path out of the data folder',
      ({ data }) => Object.assign(data[0] ?? {}, { path: '../../etc/passwd' }),
      '"data.0.path" is not right, as "../../etc/passwd" was given: it takes a path below the data path,',
    ],
    [
      'a data set of the program',
      ({ data }) => Object.assign(data[0] ?? {}, { dataset: 'blimp' }),
      'there is no field "data.0.dataset".',
    ],
    [
      'a name with spaces',
      manifest => Object.assign(manifest, { id: 'My Task' }),
      '"id" is not right, as "My Task" was given: it takes 1 to 50 lower-case letters, digits and underscores.',
    ],
    [
      'no evaluator',
      manifest => Object.assign(manifest, { evaluators: [] }),
      '"evaluators.0" is not right: it takes an object.',
    ],
    [
      'a suite of the package',
      manifest => Object.assign(manifest, { suite: 'mini' }),
      '"suite" is not right, as "mini" was given: it takes one of custom.',
    ],
    [
      'a day that is none',
      manifest => Object.assign(manifest, { off_limits: { published_before: 'soon' } }),
      '"off_limits.published_before" is not right, as "soon" was given: it takes a day such as 2024-05-31.',
    ],
  ])('%s', (_, change, sentence) => {
    const { folder, manifest } = copied(content => change(content as Manifest));
    const said = refusal(folder);
    expect(said).toContain(`${manifest}: ${sentence}`);
    expect(said).toMatch(/docs\/custom-tasks\.md tells all fields\.$/);
    expect(said).not.toContain('\n');
  });
});

test.each<[string, (place: Place) => void, RegExp]>([
  [
    'an evaluator that there is not',
    ({ manifest }) =>
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('id: blimp@100', 'id: blimb@100')),
    /The manifest in .*nursery_rhymes: No evaluator named "blimb@100"\..* Known: blimp, /,
  ],
  [
    'a data set that there is not',
    ({ manifest }) => writeFileSync(manifest, `${readFileSync(manifest, 'utf8')}  data_sets: [mmmlu]\n`),
    /The manifest in .*nursery_rhymes: No data set named "mmmlu"\. Did you mean "mmlu"\?/,
  ],
  [
    'a metric that its evaluator does not yield',
    ({ manifest }) =>
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('metric: blimp@100', 'metric: blimp')),
    /The evaluator "blimp@100" yields the metric "blimp@100", not "blimp"\./,
  ],
  [
    'a direction that would rank the worst first',
    ({ manifest }) =>
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('higher_is', 'lower_is')),
    /The evaluator "blimp@100" is "higher_is_better", not "lower_is_better"\./,
  ],
  [
    'an evaluator of texts without a text',
    ({ manifest }) => writeFileSync(manifest, bitsPerByteOn(manifest, '[]')),
    /The evaluator "bits_per_byte" needs "data": one or more of .*wikitext2_heldout/,
  ],
  [
    'an evaluator of texts with questions',
    ({ manifest }) => writeFileSync(manifest, bitsPerByteOn(manifest, '[mmlu]')),
    /The evaluator "bits_per_byte" cannot score on "mmlu": its "data" takes one or more of /,
  ],
  [
    'an evaluator on what contestants may train on',
    ({ manifest }) => writeFileSync(manifest, bitsPerByteOn(manifest, '[tinyshakespeare_train]')),
    /The evaluator "bits_per_byte" cannot score on "tinyshakespeare_train"/,
  ],
  [
    'a manifest that is not YAML',
    ({ manifest }) => writeFileSync(manifest, 'id: [1\ntitle: x\n'),
    /task\.yaml is not YAML, which line 2 shows\. Mend it\.$/,
  ],
  [
    'a manifest that is a list',
    ({ manifest }) => writeFileSync(manifest, '- id: x\n'),
    /task\.yaml: the manifest is not right: it takes an object\./,
  ],
  [
    'a manifest that is not JSON',
    ({ place, manifest }) => {
      rmSync(manifest);
      writeFileSync(join(place, 'task.json'), '{"id": ');
    },
    /task\.json is not JSON\. Mend it\.$/,
  ],
  [
    'two manifests',
    ({ place }) => writeFileSync(join(place, 'task.json'), '{}'),
    /A task has one manifest, and there are .*task\.json and .*task\.yaml\. Remove one of them\.$/,
  ],
  [
    'no text',
    ({ place }) => rmSync(join(place, 'prompt.md')),
    /prompt\.md is missing\. A task needs its goal in words beside its manifest\.$/,
  ],
  [
    'no task at all',
    ({ place }) => rmSync(place, { recursive: true }),
    /^There is no task in .*: no folder in it holds task\.json or task\.yaml or task\.yml\./,
  ],
  [
    'no folder',
    ({ folder }) => rmSync(folder, { recursive: true }),
    /^The folder of tasks .* cannot be read\. Check the path that --tasks or MLRB_TASKS names\.$/,
  ],
  [
    'a name of the package',
    ({ manifest }) =>
      writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('id: nursery_rhymes', 'id: baby_lm')),
    /task\.yaml: the name "baby_lm" is taken by a task of the package\. Give this task another "id"\.$/,
  ],
  [
    'a name of another task in the folder',
    ({ folder, place }) => cpSync(place, join(folder, 'twin'), { recursive: true }),
    /twin\/task\.yaml: the name "nursery_rhymes" is taken by .*nursery_rhymes\/task\.yaml\. Give/,
  ],
])('a folder with %s is refused in one sentence', (_, spoil, sentence) => {
  const place = copied();
  spoil(place);
  const said = refusal(place.folder);
  expect(said).toMatch(sentence);
  expect(said).not.toContain('\n');
});

test.each([
  [
    '## Goal\n\nX.\n\n## Models\n\n{{no_such_mark}}\n',
    /Nothing fills the mark \{\{no_such_mark\}\} in .*prompt\.md\. Known marks: /,
  ],
  ['## Goal\n\nX.\n\n## Model\n\nAny.\n', /prompt\.md: No part named "Model"\. Did you mean "Models"\?/],
  [
    '## Goal\n\nX.\n',
    /prompt\.md must consist of parts with the headings "## Goal" and "## Models", each once,/,
  ],
  ['Just do it.\n', /prompt\.md must consist of parts/],
  [
    '## Goal\n\nX.\n\n## Models\n',
    /has nothing below the heading "## Models"\. Write it, or remove the heading\.$/,
  ],
  ['## Goal\n\nX.\n\n## Models\n\nX.\n\n## Goal\n\nY.\n', /prompt\.md must consist of parts/],
])('a text that is not right is refused in one sentence: %j', async (text, sentence) => {
  const { folder, place } = copied();
  writeFileSync(join(place, 'prompt.md'), text);
  const [task] = readCustomTasks(folder, tasks);
  if (task === undefined) throw new Error('there is one');
  const rendering = renderPrompt(task, { workspace: '/workspace', data: '/data' });
  await expect(rendering).rejects.toThrow(ConfigError);
  await expect(rendering).rejects.toThrow(sentence);
});

test('data that the manifest names and the folder does not hold is named', async () => {
  const { folder, place } = copied();
  rmSync(join(place, 'data', 'rhymes.txt'));
  const [task] = readCustomTasks(folder, tasks);
  if (task === undefined) throw new Error('there is one');
  await expect(ownTaskData(task)).rejects.toThrow(
    `The task ${NAME} names the data "rhymes.txt", and there is no ${join(place, 'data', 'rhymes.txt')}.`,
  );
});
