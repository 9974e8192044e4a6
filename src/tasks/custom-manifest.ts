import { z } from 'zod';
import { asGiven, expected } from '../lib/expected.js';
import { nearest } from '../lib/suggest.js';
import { OffLimits, Task, TaskData, TaskRule } from './task.js';

/** The manifest of a task outside the package: the same fields, and its data are its own. */
export const CustomManifest = Task.omit({ suite: true, data: true, off_limits: true, options: true }).extend({
  suite: z.literal('custom').default('custom').describe('no other'),
  data: z
    .array(TaskData.omit({ dataset: true }))
    .readonly()
    .default([])
    .describe('what the contestant finds at the data path, out of the folder `data/` of the task'),
  off_limits: OffLimits.extend({
    repositories: OffLimits.shape.repositories.default([]),
    papers: OffLimits.shape.papers.default([]),
    pages: OffLimits.shape.pages.default([]),
    texts: OffLimits.shape.texts.default([]),
  }).prefault({}),
  options: Task.shape.options.default([]),
});

/** A manifest that was read, or one sentence that names the field that is not right and what it takes. */
export type ReadManifest =
  | { readonly ok: true; readonly task: Task }
  | { readonly ok: false; readonly sentence: string };

/** Checks what a manifest file holds. Each entry of `data` comes from the data set that bears the task's own name. */
export function readManifest(content: unknown): ReadManifest {
  const parsed = CustomManifest.safeParse(content, { error: expected, reportInput: true });
  if (!parsed.success) return { ok: false, sentence: explain(parsed.error.issues[0]) };
  const { id, data } = parsed.data;
  return { ok: true, task: { ...parsed.data, data: data.map(entry => ({ ...entry, dataset: id })) } };
}

function explain(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.join('.') ?? '';
  if (issue?.code === 'unrecognized_keys') return unknownField(path, issue.keys[0] ?? '');
  const field = path === '' ? 'the manifest' : `"${path}"`;
  const wanted = issue?.code === 'invalid_union' ? `it takes one of ${ruleIds()}` : issue?.message;
  return `${field} is not right${asGiven(issue?.input)}: ${wanted}.`;
}

function ruleIds(): string {
  return TaskRule.options.flatMap(option => [...option.shape.id._zod.values]).join(', ');
}

function unknownField(path: string, key: string): string {
  const known = fieldsAt(z.toJSONSchema(CustomManifest, { io: 'input' }), path === '' ? [] : path.split('.'));
  const guess = nearest(key, known);
  const hint = guess === undefined ? '' : ` Did you mean "${guess}"?`;
  return `there is no field "${path === '' ? key : `${path}.${key}`}".${hint} Known there: ${known.join(', ')}.`;
}

const JsonSchema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).default([]),
  anyOf: z.array(z.unknown()).default([]),
});

/** Names of the fields that an object at this place may have. */
function fieldsAt(schema: unknown, path: readonly string[]): string[] {
  const parsed = JsonSchema.safeParse(schema);
  if (!parsed.success) return [];
  const { properties, items, prefixItems, oneOf, anyOf } = parsed.data;
  const [head, ...rest] = path;
  const here =
    head === undefined
      ? Object.keys(properties)
      : fieldsAt(properties[head] ?? items ?? prefixItems?.[0], rest);
  return [...new Set([...here, ...[...oneOf, ...anyOf].flatMap(option => fieldsAt(option, path))])];
}
