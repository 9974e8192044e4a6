import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ConfigError } from '../errors.js';
import { type PromptParts, readPromptParts } from './prompt-parts.js';
import { promptValues, type Reach } from './prompt-values.js';
import type { TaskFolder } from './task.js';

/** Name of the folder in the workspace that is handed in at the deadline. */
export const SUBMISSION_FOLDER = 'submission';

/** Where things lie, as the contestant sees them. */
export interface PromptPaths {
  readonly workspace: string;
  readonly data: string;
}

/** Stands for the paths while no run has been started: start_run tells the true ones. */
export const UNKNOWN_PATHS: PromptPaths = { workspace: '<workspace>', data: '<data>' };

const TEMPLATE = fileURLToPath(new URL('./prompt-template.md', import.meta.url));

/**
 * A task as the contestant reads it: the template that all tasks share, filled from the task's `prompt.md` and its manifest.
 * `reach` is what the sandbox in use lets the contestant reach; left out, what the task gives, as where no sandbox is meant.
 * @throws ConfigError if `prompt.md` is not as it should be or a mark is left that nothing fills; a blank never reaches a contestant.
 */
export async function renderPrompt(
  { task, promptFile }: TaskFolder,
  { workspace, data }: PromptPaths,
  reach: Reach = task.network,
): Promise<string> {
  const [template, parts] = await Promise.all([readFile(TEMPLATE, 'utf8'), readPromptParts(promptFile)]);
  const submission = `${workspace}/${SUBMISSION_FOLDER}`;
  const values = promptValues(task, { workspace, data, submission }, reach);
  return fillMarks(insertParts(template, parts), values, promptFile);
}

/** `{{name?}}` stands on a line of its own, which goes with the blank line after it where the task has nothing to say there. */
function insertParts(template: string, parts: PromptParts): string {
  const known = new Map<string, string | undefined>(Object.entries(parts));
  return template
    .replace(/^\{\{(\w+)\?\}\}\n\n?/gm, (_, name: string) => {
      const text = known.get(name);
      return text === undefined ? '' : `${text}\n\n`;
    })
    .replace(/^\{\{(\w+)\}\}$/gm, (mark, name: string) => known.get(name) ?? mark);
}

function fillMarks(text: string, values: Readonly<Record<string, string>>, promptFile: string): string {
  return text.replace(/\{\{(.*?)\}\}/gs, (mark, name: string) => {
    const value = values[name];
    if (value !== undefined && value !== '') return value;
    throw new ConfigError(
      `Nothing fills the mark ${mark} in ${promptFile}. Known marks: ${Object.keys(values)
        .map(known => `{{${known}}}`)
        .join(', ')}.`,
    );
  });
}
