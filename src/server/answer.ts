import { randomBytes } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { errorCode, isDiskFull, isKnownError, isNotWritable } from '../errors.js';
import { nearest } from '../lib/suggest.js';
import { duration, grouped, quotedName } from '../lib/text.js';
import type { ToolResult } from '../tools/tool.js';

/** What the server knows beside a tool's own answer, told with every answer. */
export interface Surroundings {
  readonly time_left_s?: number;
  readonly running_jobs?: readonly string[];
  readonly notice?: string;
}

/** A tool's answer as MCP carries it: text and data, each complete on its own. */
export function toCallToolResult(result: ToolResult, around: Surroundings): CallToolResult {
  return {
    content: [
      {
        type: 'text',
        text: [...noticeLine(around), result.text, ...footer(around)].join('\n').toWellFormed(),
      },
    ],
    structuredContent: wellFormed({ ...result.data, ...around }),
  };
}

/** An error as MCP carries it: one sentence of ours that says what to do next. */
export function toErrorResult(sentence: string, around: Surroundings): CallToolResult {
  const text = [...noticeLine(around), sentence, ...footer(around)].join('\n').toWellFormed();
  return { isError: true, content: [{ type: 'text', text }] };
}

function noticeLine({ notice }: Surroundings): string[] {
  return notice === undefined ? [] : [`[${notice}]`];
}

function footer({ time_left_s, running_jobs = [] }: Surroundings): string[] {
  if (time_left_s === undefined) return [];
  const jobs = running_jobs.length === 0 ? '' : `; running: ${running_jobs.join(', ')}`;
  return [`[${duration(time_left_s)} left${jobs}]`];
}

/** What happened to a call, in three readings: for the contestant, for the trace, and the kind. */
export interface ExplainedError {
  readonly sentence: string;
  readonly kind: string;
  /** For the operator; null where the sentence says it all. */
  readonly detail: string | null;
}

/** Words an error. Only sentences of ours reach the contestant; anything else gets a number to look up in the log. */
export function explainError(error: unknown, knownArguments: readonly string[]): ExplainedError {
  if (error instanceof z.ZodError) {
    return { sentence: describeInput(error, knownArguments), kind: 'InputError', detail: null };
  }
  if (isKnownError(error)) {
    const cause = error.cause === undefined ? null : String(error.cause);
    return { sentence: error.message, kind: error.name, detail: cause };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isDiskFull(error)) {
    const sentence =
      "The disk with the server's home folder is full; the call may not have been recorded. Tell the operator to free some space, and try again.";
    return { sentence, kind: 'ConfigError', detail };
  }
  if (isNotWritable(error)) {
    const sentence =
      'The server cannot write to its own home folder, so nothing was done. Tell the operator: `mlrb doctor` says what is wrong.';
    return { sentence, kind: 'ConfigError', detail };
  }
  if (errorCode(error) === 'ELOCKED') {
    return {
      sentence: 'Another call is changing the state of this run right now. Try again in a few seconds.',
      kind: 'SandboxError',
      detail,
    };
  }
  const id = randomBytes(4).toString('hex');
  const sentence = `Something went wrong inside the server (error ${id}). It is not your fault and the run goes on; try again, and tell the operator the number if it stays.`;
  return { sentence, kind: 'internal', detail: `error ${id}: ${detail}` };
}

/** All that is wrong with a call's arguments, in one answer. */
function describeInput(error: z.ZodError, known: readonly string[]): string {
  const faults = error.issues.map(issue => describeIssue(issue, known));
  const expected =
    known.length === 0 ? 'This tool takes no arguments.' : `Arguments of this tool: ${known.join(', ')}.`;
  return `${[...new Set(faults)].join(' ')} ${expected} Call it again with that mended.`;
}

function describeIssue(issue: z.core.$ZodIssue, known: readonly string[]): string {
  const name = issue.path.join('.') || 'the arguments';
  if (issue.code === 'unrecognized_keys') return issue.keys.map(key => unknownArgument(key, known)).join(' ');
  if (issue.code === 'invalid_type' && issue.input === undefined) return `The argument ${name} is missing.`;
  if (issue.code === 'invalid_type') return `The argument ${name} must be ${article(issue.expected)}.`;
  if (issue.code === 'invalid_value')
    return `The argument ${name} must be one of ${issue.values.map(value => `"${String(value)}"`).join(', ')}.`;
  if (issue.code === 'too_big' && issue.origin === 'string')
    return `The argument ${name} is too long: at most ${grouped(Number(issue.maximum))} characters.`;
  if (issue.code === 'too_big')
    return `The argument ${name} is too large: at most ${grouped(Number(issue.maximum))}.`;
  if (issue.code === 'too_small')
    return `The argument ${name} is too small: at least ${grouped(Number(issue.minimum))}.`;
  return `The argument ${name} is not right.`;
}

function unknownArgument(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return `There is no argument ${quotedName(key, 60)}.${guess === undefined ? '' : ` Did you mean "${guess}"?`}`;
}

function article(type: string): string {
  const words: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
  };
  return words[type] ?? `of type ${type}`;
}

/** The value, or a copy, in which no text holds a lone surrogate: several clients never get an answer that does. */
function wellFormed(value: Record<string, unknown>): Record<string, unknown> {
  const json = JSON.stringify(value);
  if (!json.includes('\\ud')) return value; // JSON writes a surrogate that stands alone as an escape, and a whole character as itself
  return JSON.parse(json, (_key, entry: unknown) =>
    typeof entry === 'string' ? entry.toWellFormed() : entry,
  );
}
