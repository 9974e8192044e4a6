import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.js';
import { unknownName } from '../lib/suggest.js';

/** Headings of a `prompt.md`, and the marks of the template that what stands below them fills. */
const PARTS = {
  Goal: 'goal',
  Data: 'about_data',
  Models: 'models',
  Machine: 'about_machine',
  Rules: 'about_rules',
  Submission: 'about_submission',
  Scoring: 'about_scoring',
} as const;
const NEEDED = ['Goal', 'Models'] as const;

/** What a task adds to the template, by mark. */
export type PromptParts = Readonly<Partial<Record<(typeof PARTS)[keyof typeof PARTS], string>>>;

/**
 * The parts of a task's `prompt.md`: text below headings of the second level, which have fixed names.
 * @throws ConfigError that names the file and what is wrong in it.
 */
export async function readPromptParts(file: string): Promise<PromptParts> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ConfigError(`${file} cannot be read. A task needs a prompt.md beside its manifest.`, { cause });
  });
  const [before = '', ...sections] = text.split(/^## +(?=\S)/m);
  const parts = new Map(sections.map(section => readPart(section, file)));
  const missing = NEEDED.find(heading => !parts.has(PARTS[heading]));
  if (before.trim() !== '' || parts.size < sections.length || missing !== undefined) {
    throw new ConfigError(
      `${file} must consist of parts with the headings "## Goal" and "## Models", each once, and any of ${optional()}.`,
    );
  }
  return Object.fromEntries(parts);
}

function readPart(section: string, file: string): readonly [string, string] {
  const end = section.indexOf('\n');
  const heading = (end < 0 ? section : section.slice(0, end)).trim();
  const text = end < 0 ? '' : section.slice(end).trim();
  const mark = Object.entries(PARTS).find(([name]) => name === heading)?.[1];
  if (mark === undefined)
    throw new ConfigError(`${file}: ${unknownName('part', heading, Object.keys(PARTS))}`);
  if (text === '')
    throw new ConfigError(
      `${file} has nothing below the heading "## ${heading}". Write it, or remove the heading.`,
    );
  return [mark, text];
}

function optional(): string {
  return Object.keys(PARTS)
    .filter(heading => !NEEDED.some(needed => needed === heading))
    .map(heading => `"## ${heading}"`)
    .join(', ');
}
