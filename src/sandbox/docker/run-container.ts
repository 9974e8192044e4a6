import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import { ConfigError } from '../../errors.js';
import { executorFailed } from '../executor/sentences.js';
import { type ContainerRequest, containerOptions } from './container-options.js';
import { type DockerEngine, refusalOf, unlessAbsent } from './docker-engine.js';
import { dockerPlaces } from './docker-places.js';
import { containerPath, InspectedContainer, ListedContainers, MadeContainer } from './engine-objects.js';

export type ContainerState = 'running' | 'paused' | 'stopped';

/** A container of ours as the engine shows it. */
export interface RunContainer {
  readonly id: string;
  readonly state: ContainerState;
  /** Its first process, as this host counts; 0 where it does not run. */
  readonly pid: number;
}

export const RUN_LABEL = 'mlrb.run';
export const HOME_LABEL = 'mlrb.home';
/** It is not the run's own, but what leads from it to the outside. */
export const EGRESS_LABEL = 'mlrb.egress';
/** Devices of its GPU lease, comma-separated. */
export const GPUS_LABEL = 'mlrb.gpus';
/** Its run's deadline, or the latest end of an evaluation, as it was when it was made. */
export const UNTIL_LABEL = 'mlrb.until';
/** Number of the process that scores with it. */
export const SCORER_LABEL = 'mlrb.scorer';

/** Short name of a home folder, to tell the containers of several on one host apart. */
export function homeLabel(home: string): string {
  return createHash('sha256').update(home).digest('hex').slice(0, 16);
}

export function containerName(runId: string): string {
  return `mlrb-${runId}`;
}

/**
 * The container of a run, whatever somebody has named it since; undefined where there is none.
 * @throws ConfigError if it is not there, and another's container has its name.
 */
export async function findContainer(
  engine: DockerEngine,
  runId: string,
  home: string,
): Promise<RunContainer | undefined> {
  const labels = { [RUN_LABEL]: runId, [HOME_LABEL]: homeLabel(home) };
  const name = containerName(runId);
  const named = await engine.find(InspectedContainer, { path: containerPath(name, 'json') });
  const found = named !== undefined && hasLabels(named, labels) ? named : await findLabelled(engine, labels);
  if (found === undefined && named !== undefined) {
    throw new ConfigError(
      `The container name ${name} is taken by a container that does not belong to this run. Remove or rename it (docker rename ${name} NAME), then try again.`,
    );
  }
  if (found === undefined) return undefined;
  const { Running, Paused, Pid } = found.State;
  return { id: found.Id, state: Paused ? 'paused' : Running ? 'running' : 'stopped', pid: Pid };
}

type Labels = Readonly<Record<string, string>>;
type Inspected = z.infer<typeof InspectedContainer>;

function hasLabels({ Config }: Inspected, labels: Labels): boolean {
  return Object.entries(labels).every(([label, value]) => Config.Labels?.[label] === value);
}

async function findLabelled(engine: DockerEngine, labels: Labels): Promise<Inspected | undefined> {
  const filters = { label: Object.entries(labels).map(([label, value]) => `${label}=${value}`) };
  const query = { all: true, filters };
  const all = await engine.ask(ListedContainers, { path: '/containers/json', query });
  const listed = all.find(({ Labels }) => Labels?.[EGRESS_LABEL] === undefined);
  return listed && engine.find(InspectedContainer, { path: containerPath(listed.Id, 'json') });
}

/**
 * Makes and starts the container of a run; `beforeStart` is called in between.
 * @throws ConfigError that says what the host lacks: the image, its python3, a GPU.
 */
export async function startContainer(
  engine: DockerEngine,
  request: ContainerRequest,
  beforeStart: () => Promise<void>,
): Promise<string> {
  const { image, spec } = request;
  const name = containerName(spec.run_id);
  const make = { method: 'POST', path: '/containers/create', query: { name } } as const;
  const { Id: id } = await engine
    .ask(MadeContainer, { ...make, body: containerOptions(request) })
    .catch((error: unknown) => {
      throw creationFailed(error, image);
    });
  try {
    await beforeStart();
    await engine.tell({ method: 'POST', path: containerPath(id, 'start') });
  } catch (error) {
    await removeContainer(engine, id).catch(() => undefined);
    throw startFailed(error, image);
  }
  return id;
}

/** Ends every process of the container and removes it. Resolves when it is gone; one that is gone already is fine. */
export async function removeContainer(engine: DockerEngine, id: string): Promise<void> {
  const query = { force: true, v: true };
  const removed = engine
    .tell({ method: 'DELETE', path: containerPath(id), query })
    .catch((error: unknown) => {
      const isBeingRemoved = refusalOf(error)?.statusCode === 409;
      if (!isBeingRemoved) throw error;
      const until = { condition: 'removed' };
      return engine.tell({ method: 'POST', path: containerPath(id, 'wait'), query: until });
    });
  await unlessAbsent(removed);
}

/** Says why a container ended before its executor could be reached, and keeps what it printed for the operator. */
export async function whyNotStarted(
  engine: DockerEngine,
  id: string,
  { image, spec }: ContainerRequest,
): Promise<Error> {
  const { logFile } = dockerPlaces(spec.run_folder);
  const [printed, exitCode] = await Promise.all([printedBy(engine, id), exitCodeOf(engine, id)]);
  await writeFile(logFile, printed, { flag: 'a' }).catch(() => undefined);
  if (/exec python3 failed|"python3": executable file not found/.test(printed)) return noPython(image);
  if (exitCode === TOO_OLD_PYTHON) return oldPython(image);
  return executorFailed(logFile, new Error(`exit code ${exitCode}: ${printed.slice(-2000)}`));
}

/** The executor's exit code in a Python older than 3.8. */
const TOO_OLD_PYTHON = 64;

async function printedBy(engine: DockerEngine, id: string): Promise<string> {
  const query = { stdout: true, stderr: true, tail: 100 };
  const log = await unlessAbsent(engine.tell({ path: containerPath(id, 'logs'), query }));
  return log?.toString('utf8') ?? '';
}

async function exitCodeOf(engine: DockerEngine, id: string): Promise<number | undefined> {
  const found = await engine.find(InspectedContainer, { path: containerPath(id, 'json') });
  return found?.State.ExitCode;
}

export function creationFailed(error: unknown, image: string): unknown {
  const refusal = refusalOf(error);
  if (refusal?.statusCode === 404) return noImage(image);
  if (refusal?.statusCode === 409) {
    return new ConfigError(
      'The name of the container for this run is taken. Run `mlrb cleanup`, then try again.',
      { cause: error },
    );
  }
  return refusal === undefined ? error : refused(error, refusal.reason);
}

export function noImage(image: string): ConfigError {
  return new ConfigError(
    `The image ${image} is not on this host. Run \`mlrb setup --docker\`, or set docker.image to one that is.`,
  );
}

export function startFailed(error: unknown, image: string): unknown {
  const refusal = refusalOf(error);
  if (refusal === undefined) return error;
  if (/python3.*not found|no such file.*python3/i.test(refusal.reason)) return noPython(image);
  if (/network \S+ not found/i.test(refusal.reason)) {
    return new ConfigError(
      'Docker has no network of the name that docker.egress_network gives. Choose one that `docker network ls` shows.',
      { cause: error },
    );
  }
  if (/could not select device driver|nvidia/i.test(refusal.reason)) {
    return new ConfigError(
      'Docker cannot give GPUs to a container. Install the NVIDIA Container Toolkit, restart Docker, and run `mlrb doctor`.',
      { cause: error },
    );
  }
  return refused(error, refusal.reason);
}

function noPython(image: string): ConfigError {
  return new ConfigError(
    `The image ${image} has no python3, which the sandbox needs. Choose another with docker.image, or run \`mlrb setup --docker\`.`,
  );
}

function oldPython(image: string): ConfigError {
  return new ConfigError(
    `The python3 of the image ${image} is older than 3.8. Choose another with docker.image, or run \`mlrb setup --docker\`.`,
  );
}

/** The engine's own words are for the operator: they stay in the cause. */
function refused(error: unknown, reason: string): ConfigError {
  return new ConfigError(
    'Docker refused to start the sandbox. Run `mlrb doctor`; the log of this server has its reason.',
    { cause: new Error(reason, { cause: error }) },
  );
}
