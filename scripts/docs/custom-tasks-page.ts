import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { CustomManifest } from '../../src/tasks/custom-manifest.js';
import { page, table } from './markdown.js';

const EXAMPLE = join('docs', 'examples', 'tasks', 'nursery_rhymes');

/** How to write a task of one's own: every field of its manifest, and an example that works. */
export async function customTasksPage(): Promise<string> {
  return page(
    '# Tasks of your own',
    'A folder outside the package can hold tasks that work like the built-in ones: `mlrb serve --tasks DIR`, or `MLRB_TASKS`, or `"tasks"` in the settings file. The setting holds for every command; evaluations that a server starts get it too. `mlrb tasks --tasks DIR` lists them with the others, and `mlrb doctor --tasks DIR` says whether all of them can be played.',
    'Every subfolder of `DIR` that holds a `task.json` or `task.yaml` is a task:',
    table(
      ['in the subfolder', 'what it is'],
      [
        ['`task.json` or `task.yaml`', 'the manifest: the fields below. One of the two'],
        ['`prompt.md`', 'what is particular to the task, below headings with fixed names'],
        [
          '`data/`',
          'what the contestant sees at the data path, read-only: all of it, and nothing else. Needed where the manifest names data',
        ],
        [
          '`files/`',
          'copied into every workspace, beside the example of the submission format and the program that measures models',
        ],
      ],
    ),
    "What is scored on is not the task's own: its evaluators and their data are the program's. Never put answers into `data/` or `files/`.",
    '## The text',
    'All tasks share one template, which says everything that the manifest knows: budget, data, rules, submission format, scoring. `prompt.md` adds the rest. `## Goal` and `## Models` are needed; `## Data`, `## Machine`, `## Rules`, `## Submission` and `## Scoring` may stand there, and are put into the section of that name. Marks are filled from the manifest, such as `{{data}}`, `{{workspace}}`, `{{submission}}`, `{{time}}`, `{{max_bytes}}` and `{{max_parameters}}`; a mark that nothing fills is an error.',
    '## The manifest',
    table(
      ['field', 'takes', '', 'what it is'],
      fields(z.toJSONSchema(CustomManifest, { io: 'input' }), '', true),
    ),
    '## An example',
    ...(await Promise.all(['task.yaml', 'prompt.md'].map(example))),
    `It lies in \`${EXAMPLE}\` of the package, with its data.`,
  );
}

async function example(name: string): Promise<string> {
  const text = await readFile(join(PACKAGE_ROOT, EXAMPLE, name), 'utf8');
  return `\`${name}\`:\n\n\`\`\`\`${name.endsWith('.md') ? 'markdown' : 'yaml'}\n${text.trimEnd()}\n\`\`\`\``;
}

const Schema = z.looseObject({
  type: z.string().optional(),
  description: z.string().default(''),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
});
type Schema = z.infer<typeof Schema>;

/** A row for each field, those of objects and of lists of objects below their own; `[]` stands for each entry of a list. */
function fields(raw: unknown, path: string, isNeeded: boolean): string[][] {
  const schema = Schema.parse(raw);
  const { properties, required } = schema;
  const own =
    path === '' ? [] : [[`\`${path}\``, takes(schema), isNeeded ? 'needed' : '', schema.description]];
  if (properties !== undefined) {
    const prefix = path === '' ? '' : `${path}.`;
    return [
      ...own,
      ...Object.entries(properties).flatMap(([name, value]) =>
        fields(value, prefix + name, required.includes(name)),
      ),
    ];
  }
  const entry = itemsOf(schema);
  if (entry === undefined) return own;
  const options = Schema.parse(entry).oneOf ?? [entry];
  const below = options.map(option => fields(option, `${path}[]`, false).slice(1));
  return [...own, ...(below.length === 1 ? below.flat() : merged(below))];
}

function itemsOf({ items, prefixItems }: Schema): unknown {
  const entry = prefixItems?.[0] ?? items;
  return Schema.safeParse(entry).data?.properties || Schema.safeParse(entry).data?.oneOf ? entry : undefined;
}

/** A field that all kinds of an entry have stands once, with all that it takes; one that some have says with which. The first field tells the kind. */
function merged(kinds: readonly (readonly string[][])[]): string[][] {
  const names = [...new Set(kinds.flatMap(rows => rows.map(([field = '']) => field)))];
  return names.map(name => {
    const having = kinds.filter(rows => rows.some(([field]) => field === name));
    const rows = having.flatMap(rows => rows.filter(([field]) => field === name));
    const takesAll = [...new Set(rows.map(([, takes = '']) => takes))].join(', ');
    const [, , needed = '', description = ''] = rows[0] ?? [];
    const withKinds =
      having.length === kinds.length ? '' : ` with ${having.map(([first]) => first?.[1]).join(', ')}`;
    return [name, takesAll, needed === '' ? withKinds.trim() : `${needed}${withKinds}`, description];
  });
}

function takes(schema: Schema): string {
  const { type, items, enum: values, const: value } = schema;
  if (values !== undefined) return values.map(one => `\`${String(one)}\``).join(', ');
  if (value !== undefined) return `\`${String(value)}\``;
  if (type === 'array') {
    const entry = Schema.safeParse(items).data;
    const kind = entry === undefined || entry.properties || entry.oneOf ? 'objects' : takes(entry);
    return `list of ${kind}`;
  }
  return KINDS[type ?? ''] ?? type ?? 'object';
}

const KINDS: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number', number: 'number' };
