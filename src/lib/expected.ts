import type { z } from 'zod';

/**
 * What a schema takes, as the end of a sentence of ours: zod's own messages are for programmers. Given to a parse as its `error`, it speaks
 * where the schema itself has no words for a check.
 */
export function expected(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `it takes one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return `it takes ${KINDS[issue.expected] ?? 'a value of another kind'}`;
    case 'too_small':
      return issue.origin === 'string' ? 'it must not be empty' : `it takes ${least(issue)}`;
    case 'too_big':
      return `it takes at most ${issue.maximum}`;
    default:
      return 'it takes a value of another form';
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function least({ minimum, inclusive }: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall>): string {
  return inclusive === false ? `more than ${minimum}` : `at least ${minimum}`;
}

/** `, as "x" was given`, for the middle of a sentence; texts in quotes and cut where they are long. Nothing where nothing was given. */
export function asGiven(value: unknown): string {
  if (value === undefined || (typeof value === 'object' && value !== null)) return '';
  const line = String(value).replaceAll(/\s+/g, ' ');
  const text = line.length <= 60 ? line : `${line.slice(0, 59)}…`.toWellFormed();
  return `, as ${typeof value === 'string' ? `"${text}"` : text} was given`;
}
