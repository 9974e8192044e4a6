import type { Config } from '../config.js';
import { ConfigError } from '../errors.js';
import type { TaskFolder } from '../tasks/task.js';
import { datasetsOfTask } from './data-needs.js';
import { datasetState, isUsable } from './dataset-states.js';
import type { HostCheck } from './host-check.js';
import { knownTasks } from './known-tasks.js';

/** For each suite, which tasks lack data, and which data. Nothing of it hinders the other tasks. */
export async function checkData(config: Config, signal: AbortSignal): Promise<HostCheck[]> {
  const tasks = tasksOf(config);
  const ids = new Set(tasks.flatMap(datasetsOfTask));
  const lacking = new Set<string>();
  for (const id of ids) {
    const state = await datasetState(id, config, { tasks, isThorough: false, signal });
    if (!isUsable(state)) lacking.add(id);
  }
  const suites = [...new Set(tasks.map(({ task }) => task.suite))];
  return suites.map(suite =>
    row(
      suite,
      tasks.filter(({ task }) => task.suite === suite),
      lacking,
    ),
  );
}

/** What is wrong with tasks of the operator's own has a row of its own. */
function tasksOf(config: Config): readonly TaskFolder[] {
  try {
    return knownTasks(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return knownTasks({ tasks: '' });
  }
}

function row(suite: string, tasks: readonly TaskFolder[], lacking: ReadonlySet<string>): HostCheck {
  const name = `data of suite ${suite}`;
  const gaps = tasks.flatMap(folder => {
    const missing = datasetsOfTask(folder).filter(id => lacking.has(id));
    return missing.length === 0 ? [] : [`${folder.task.id} lacks ${missing.join(', ')}`];
  });
  if (gaps.length === 0) return { name, state: 'ok', found: 'there, or made on use', remedy: '' };
  return {
    name,
    state: 'optional',
    found: gaps.join('; '),
    remedy: `\`mlrb data fetch ${suite}\` gets what the hub has; \`mlrb data check ${suite}\` tells how to get the rest.`,
  };
}
