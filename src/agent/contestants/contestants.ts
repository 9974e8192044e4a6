import type { Script } from '../script.js';
import { cheat } from './cheat.js';
import { nop } from './nop.js';
import { type Controls, PROGRAMS } from './programs.js';
import { trainAndSubmit } from './train-and-submit.js';

/** Contestants that play any task, by name. */
export const GENERIC: ReadonlyMap<string, Script> = new Map([['nop', nop]]);

/** Contestants written for one task, by task and name. */
export const BY_TASK: ReadonlyMap<string, ReadonlyMap<string, Script>> = new Map(
  [...PROGRAMS].map(([task, controls]) => [task, scriptsOf(controls)]),
);

function scriptsOf(controls: Controls): ReadonlyMap<string, Script> {
  return new Map([
    ['base', trainAndSubmit('base', controls.base)],
    ['reference', trainAndSubmit('reference', controls.reference)],
    ['cheat', cheat(controls.cheat)],
  ]);
}
