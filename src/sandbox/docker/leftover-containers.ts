import { isAlive } from '../../lib/process-group.js';
import { DockerEngine } from './docker-engine.js';
import { ListedContainers } from './engine-objects.js';
import { HOME_LABEL, homeLabel, RUN_LABEL, removeContainer, SCORER_LABEL } from './run-container.js';

/** A container of this home that no living run or scorer uses. */
export interface LeftoverContainer {
  readonly name: string;
  /** The run that it was made for; null for one that scored. */
  readonly runId: string | null;
  readonly remove: () => Promise<void>;
}

export interface FindLeftovers {
  readonly socket: string;
  readonly home: string;
  readonly isRunOn: (runId: string) => Promise<boolean>;
}

/**
 * Containers that a crash left behind, found by their labels. Those of other home folders and of runs that are on are never in it.
 * @throws ConfigError if the engine cannot be reached.
 */
export async function findLeftovers({ socket, home, isRunOn }: FindLeftovers): Promise<LeftoverContainer[]> {
  const engine = new DockerEngine(socket);
  const label = [`${HOME_LABEL}=${homeLabel(home)}`];
  const query = { all: true, filters: { label } };
  const all = await engine.ask(ListedContainers, { path: '/containers/json', query });
  const found: LeftoverContainer[] = [];
  for (const { Id, Names, Labels } of all) {
    const runId = Labels?.[RUN_LABEL] ?? null;
    const isUsed = runId === null ? isAlive(Number(Labels?.[SCORER_LABEL])) : await isRunOn(runId);
    if (isUsed) continue;
    const name = (Names?.[0] ?? Id.slice(0, 12)).replace(/^\//, '');
    found.push({ name, runId, remove: () => removeContainer(engine, Id) });
  }
  return found;
}
