import { quotedName } from '../../lib/text.js';
import type { Finding } from '../outcome.js';

/** The checks of a model folder. A task lists them among its rules under the same names. */
export type IntakeRule = 'files' | 'config' | 'tokenizer' | 'tensors' | 'size';

/** A broken rule, with the sentence that says what was found and what to do. */
export function broken(rule: IntakeRule, message: string): Finding {
  return { rule, severity: 'broken', message };
}

const SHOWN_CHARS = 80;
const SHOWN_NAMES = 5;

/** A name out of a submission, quoted and cut, so that it can stand in a sentence whatever its characters. */
export function quoted(name: string): string {
  return quotedName(name, SHOWN_CHARS);
}

/** The first few names, and how many more there are. */
export function quotedList(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_NAMES).map(quoted).join(', ');
  return names.length > SHOWN_NAMES ? `${shown} and ${names.length - SHOWN_NAMES} more` : shown;
}
