import { z } from 'zod';
import { ToolRefusal } from '../../agent/connect.js';
import { BY_TASK } from '../../agent/contestants/contestants.js';
import { findScript } from '../../agent/find-script.js';
import { InputError, isKnownError } from '../../errors.js';
import { unknownName } from '../../lib/suggest.js';
import {
  CONTROLS,
  type Control,
  type Controls,
  played,
  tricksOf,
  unsoundness,
} from '../../report/controls.js';
import { renderControls } from '../../report/controls-table.js';
import type { Task } from '../../tasks/task.js';
import { findTask } from '../../tasks/tasks.js';
import type { Host } from '../../tools/tool.js';
import { type CommandContext, defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { composeHost } from '../compose.js';
import { playRun } from '../contest.js';
import { knownTasks } from '../known-tasks.js';
import { readyPython } from '../python-environment-here.js';

const FORMATS = ['table', 'markdown', 'json'] as const;

export const controls = defineCommand({
  name: 'controls',
  summary: 'show that tasks are sound: scripted contestants that do nothing, little, honest work, and tricks',
  details:
    'A task is sound where who leaves without handing in has no result, the untouched base model is valid, an honest small solution is better than it by more than both half-widths of their 95 % intervals, every trick of a catalogue is refused at once, and a trick that only judging can find out is found out or gains nothing over the base. Ends with 1 if a task is not sound.',
  arguments: [['[task...]', 'tasks by id; all that have controls where none is named']],
  options: [
    ['--contestants <names>', `which of them play, by names with commas between [${CONTROLS.join(',')}]`],
    ['--format <format>', `${FORMATS.join(', ')} [table]`],
    JSON_OPTION,
  ],
  examples: [
    ['mlrb controls', 'all tasks that have controls; half an hour or so on two cores'],
    ['mlrb controls mini_llm_efficiency --contestants base,cheat', 'two of them on one task'],
  ],
  input: z.object({
    task: z.array(z.string()).default([]),
    contestants: z.string().default(CONTROLS.join(',')),
    format: z.enum(FORMATS).default('table'),
    json: JsonFlag,
  }),
  async run({ task, contestants, format, json }, context) {
    const { config, signal, log, print } = context;
    const wanted = pickControls(contestants);
    const known = knownTasks(config);
    const ids = task.length === 0 ? [...BY_TASK.keys()] : task;
    const tasks = ids.map(id => findTask(known, id).task);
    for (const { id } of tasks) for (const name of wanted) findScript(`script:${name}`, id);
    const host = composeHost(config, { signal, log });
    await readyPython(config, context);
    const found: Controls[] = [];
    for (const each of tasks) found.push(await playAll(each, wanted, host, context));
    if (json || format === 'json') print(JSON.stringify(found.map(withVerdict), null, 2));
    else print(renderControls(found, format));
    return found.every(each => unsoundness(each).length === 0) ? 0 : 1;
  },
});

/** @throws InputError for a name that is none of them. */
function pickControls(names: string): Control[] {
  const given = new Set(names.split(',').map(name => name.trim()));
  for (const name of given)
    if (!CONTROLS.some(control => control === name))
      throw new InputError(unknownName('contestant', name, CONTROLS));
  return CONTROLS.filter(control => given.has(control));
}

async function playAll(
  task: Task,
  wanted: readonly Control[],
  host: Host,
  context: CommandContext,
): Promise<Controls> {
  const [{ metric, direction }] = task.evaluators;
  let controls: Controls = { task: task.id, metric, direction, played: {}, tricks: null, stopped: [] };
  for (const name of wanted) {
    context.progress.line(`script:${name} plays ${task.id}.`);
    controls = await playOne(name, controls, host, context);
  }
  for (const reason of unsoundness(controls)) context.progress.line(`${task.id} is not sound. ${reason}`);
  return controls;
}

/** One that stops short is told, and the others play on. */
async function playOne(
  name: Control,
  controls: Controls,
  host: Host,
  context: CommandContext,
): Promise<Controls> {
  try {
    const judged = await playRun({ taskId: controls.task, model: `script:${name}`, host }, context);
    const mine = played(judged);
    context.progress.line(
      `  ${mine.run_id}: ${mine.outcome}${mine.value === null ? '' : ` ${mine.value.toFixed(3)}`}`,
    );
    const { events } = await host.runs.readTrace(mine.run_id);
    return {
      ...controls,
      played: { ...controls.played, [name]: mine },
      tricks: name === 'cheat' ? tricksOf(events) : controls.tricks,
    };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isKnownError(error) && !(error instanceof ToolRefusal)) throw error;
    return { ...controls, stopped: [...controls.stopped, `${name} stopped short: ${error.message}`] };
  }
}

function withVerdict(controls: Controls): object {
  const reasons = unsoundness(controls);
  return { ...controls, sound: reasons.length === 0, reasons };
}
