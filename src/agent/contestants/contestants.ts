import type { Script } from '../script.js';
import { nop } from './nop.js';
import { trainAndSubmit } from './train-and-submit.js';

/** Contestants that play any task, by name. */
export const GENERIC: ReadonlyMap<string, Script> = new Map([['nop', nop]]);

/** Contestants written for one task, by task and name. */
export const BY_TASK: ReadonlyMap<string, ReadonlyMap<string, Script>> = new Map([
  [
    'mini_baby_lm',
    new Map([
      programOf('base', new URL('./mini_baby_lm/base.py', import.meta.url)),
      programOf('reference', new URL('./mini_baby_lm/reference.py', import.meta.url)),
    ]),
  ],
]);

function programOf(name: string, file: URL): [string, Script] {
  return [name, trainAndSubmit({ name, file })];
}
