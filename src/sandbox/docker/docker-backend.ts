import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { SandboxError } from '../../errors.js';
import { writeJson } from '../../lib/atomic-write.js';
import { exists } from '../../lib/exists.js';
import type { ExecutorClient } from '../executor/executor-client.js';
import { readExecutorState } from '../executor/executor-state.js';
import { deafExecutor, timeIsUp } from '../executor/sentences.js';
import { underStartLock } from '../executor/start-lock.js';
import { timeLeftBy } from '../executor/time-left.js';
import { ExecutorSandbox } from '../executor-sandbox.js';
import type {
  CallOptions,
  RunPlace,
  Sandbox,
  SandboxBackend,
  SandboxEnd,
  SandboxPaths,
  SandboxSpec,
} from '../sandbox.js';
import { agentUser } from './agent-user.js';
import { connectTo, connectToRunning, endByExecutor, isPaused, markEnded } from './contained-executor.js';
import type { ContainerRequest } from './container-options.js';
import { DockerEngine } from './docker-engine.js';
import { type DockerPlaces, dockerPlaces, INSIDE } from './docker-places.js';
import { ensureEgress, removeEgress } from './egress-container.js';
import { hostNetworks, parseAllowed } from './egress-rules.js';
import { containerPath, InspectedImage, imagePath } from './engine-objects.js';
import { becomeGpuChooser } from './gpu-chooser.js';
import { awaitTurn, chooseDevices } from './gpu-lease.js';
import { isBack, memoryAfter, noteMemory } from './gpu-memory.js';
import { type GpuHost, nvidiaGpus } from './gpus.js';
import { hasImage } from './images.js';
import { findLeftovers } from './leftover-containers.js';
import { notePause, pausedSeconds, pausedSince, timeFor } from './run-clock.js';
import {
  EGRESS_LABEL,
  findContainer,
  GPUS_LABEL,
  HOME_LABEL,
  homeLabel,
  noImage,
  RUN_LABEL,
  type RunContainer,
  removeContainer,
  startContainer,
  UNTIL_LABEL,
  whyNotStarted,
} from './run-container.js';
import { makeFolders } from './run-folders.js';
import { changesFromNow, controlGroupsOf, processesIn } from './what-is-left.js';

export interface DockerBackendOptions {
  /** Path of the engine's socket. */
  readonly socket: string;
  /** Name of the image that contestants work in; asked for on first use. */
  readonly image: () => Promise<string>;
  /** Containers carry its digest as a label. */
  readonly home: string;
  /** Tests bring their own; NVIDIA's where absent. */
  readonly gpus?: GpuHost;
  /** Network of new runs: what their task says, or the same for all. */
  readonly network?: 'task' | 'none' | 'open';
  readonly egress?: EgressOptions;
  /** Whether somebody may still work in a run of this home folder; each may where absent. */
  readonly isRunOn?: (runId: string) => Promise<boolean>;
}

/** How runs with an open network reach the outside. */
export interface EgressOptions {
  /** Docker network that leads there. */
  readonly network: string;
  /** What may be reached besides public addresses: see `parseAllowed`. */
  readonly allow: string;
  /** The usual ones of the web where absent. */
  readonly ports?: readonly number[];
}

const USUAL_EGRESS: EgressOptions = { network: 'bridge', allow: '' };
const WEB_PORTS = [80, 443];

/** Python takes a tenth of a second to start; a busy host many times that. */
const START_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 5;
/** How long a running executor may take to make its socket again after someone removed it. */
const PATIENCE_MS = 3000;

/**
 * Runs contestants in containers. The executor is the container's main process (below Docker's init) and is reached by a Unix
 * socket in a folder of the run that is mounted into the container where only root can go.
 *
 * Why a socket and not the container's standard streams: attached streams are one for all servers, and the engine may mix what
 * several of them write; on a socket each server has a stream of its own, the engine is on the path of no call, and a server
 * reaches the executor while the engine is down.
 */
export class DockerBackend implements SandboxBackend {
  readonly kind = 'docker';
  readonly warning = null;
  readonly #engine: DockerEngine;
  readonly #image: () => Promise<string>;
  readonly #home: string;
  readonly #gpus: GpuHost;
  readonly #network: 'task' | 'none' | 'open';
  readonly #egress: EgressOptions;
  readonly #isRunOn: (runId: string) => Promise<boolean>;

  constructor({
    socket,
    image,
    home,
    gpus = nvidiaGpus,
    network = 'task',
    egress = USUAL_EGRESS,
    isRunOn = async () => true,
  }: DockerBackendOptions) {
    this.#isRunOn = isRunOn;
    this.#network = network;
    this.#egress = egress;
    this.#engine = new DockerEngine(socket);
    this.#image = image;
    this.#home = home;
    this.#gpus = gpus;
  }

  networkFor(wanted: 'none' | 'open'): 'none' | 'open' {
    return this.#network === 'task' ? wanted : this.#network;
  }

  pathsFor(): SandboxPaths {
    return { workspace: INSIDE.workspace, data: INSIDE.data };
  }

  /** @throws ConfigError if the engine does not answer, the image is not there, or the host has too few GPUs; LimitError if they are taken. */
  async checkReady({
    gpus,
    principal,
  }: {
    readonly gpus: number;
    readonly principal: string;
  }): Promise<void> {
    const image = await this.#image();
    if (!(await hasImage(this.#engine, image))) throw noImage(image);
    if (gpus === 0) return;
    const endLeftovers = () => this.#endLeftovers();
    const asked = { needed: gpus, principal, home: this.#home, endLeftovers };
    await awaitTurn(this.#engine, this.#gpus, asked);
  }

  async #endLeftovers(): Promise<void> {
    const { socket } = this.#engine;
    const found = await findLeftovers({ socket, home: this.#home, isRunOn: this.#isRunOn });
    for (const { remove } of found) await remove();
  }

  async create(spec: SandboxSpec, options: CallOptions): Promise<Sandbox> {
    await makeFolders(spec);
    return this.attach(spec, spec.limits.wall_clock_s, options);
  }

  async attach(spec: SandboxSpec, secondsLeft: number, options: CallOptions): Promise<Sandbox> {
    const deadline = performance.now() + secondsLeft * 1000;
    const connect = (call: CallOptions): Promise<ExecutorClient> =>
      this.#connectOrStart(spec, deadline, call);
    return new ExecutorSandbox({
      client: await connect(options),
      paths: this.pathsFor(),
      reconnect: connect,
      finish: async reason => void (await this.#finish(spec, reason)),
    });
  }

  async pause(run: RunPlace): Promise<void> {
    const container = await this.#running(run);
    const places = dockerPlaces(run.run_folder);
    if (container.state !== 'paused') await rm(places.pausedMark, { force: true }); // of a pause that never came, or is over
    await notePause(places);
    if (container.state === 'paused') return;
    await this.#engine.tell({ method: 'POST', path: containerPath(container.id, 'pause') });
  }

  /** The executor reads how long it was frozen before it looks at its deadline: so the pause is written down before it goes on. */
  async resume(run: RunPlace, pausedSeconds: number): Promise<void> {
    const places = dockerPlaces(run.run_folder);
    await writeJson(places.clockFile, { paused_seconds: pausedSeconds });
    const container = await findContainer(this.#engine, run.run_id, this.#home);
    if (container?.state === 'paused') {
      await this.#engine.tell({ method: 'POST', path: containerPath(container.id, 'unpause') });
    }
    await rm(places.pausedMark, { force: true });
  }

  async pausedFor(run: RunPlace): Promise<number | null> {
    return pausedSince(dockerPlaces(run.run_folder));
  }

  async timeLeft(run: RunPlace): Promise<number | null> {
    const places = dockerPlaces(run.run_folder);
    if (await exists(places.pausedMark)) return null;
    const state = await readExecutorState(places.stateFile);
    const connect = (options: CallOptions) => connectTo(run, places, options);
    return timeLeftBy(state, connect, await pausedSeconds(places));
  }

  async #running(run: RunPlace): Promise<RunContainer> {
    const container = await findContainer(this.#engine, run.run_id, this.#home);
    if (container !== undefined && container.state !== 'stopped') return container;
    throw new SandboxError(
      'The container of this run does not run, so there is nothing to freeze. The next call of its contestant starts it again.',
    );
  }

  async destroy(run: RunPlace): Promise<SandboxEnd | null> {
    return this.#finish(run, 'run_ended');
  }

  /** The engine is asked only where the executor cannot be reached. */
  async #connectOrStart(spec: SandboxSpec, deadline: number, options: CallOptions): Promise<ExecutorClient> {
    const places = dockerPlaces(spec.run_folder);
    const running = await connectToRunning(spec, places, options);
    if (running) return running;
    return underStartLock(places.startLock, async () => {
      const startedMeanwhile = await connectToRunning(spec, places, options);
      if (startedMeanwhile) return startedMeanwhile;
      const left = await this.#connectToContainer(spec, places, options);
      if (left) return left;
      const seconds = await timeFor(places, (deadline - performance.now()) / 1000);
      if (seconds <= 0) throw timeIsUp();
      return this.#start(spec, seconds, options);
    });
  }

  /** A container that runs is waited for, never replaced: that would end its jobs. One that has ended is removed. */
  async #connectToContainer(
    spec: SandboxSpec,
    places: DockerPlaces,
    options: CallOptions,
  ): Promise<ExecutorClient | null> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (true) {
      const container = await findContainer(this.#engine, spec.run_id, this.#home);
      if (container === undefined) return null;
      if (container.state === 'paused') throw isPaused();
      if (container.state === 'stopped') {
        await removeContainer(this.#engine, container.id);
        await connectToRunning(spec, places, options); // says so where it had come to its end
        return null;
      }
      const client = await connectToRunning(spec, places, options);
      if (client) return client;
      if (performance.now() > giveUpAt) throw deafExecutor();
      await pause(100, undefined, options);
    }
  }

  async #start(spec: SandboxSpec, seconds: number, options: CallOptions): Promise<ExecutorClient> {
    const started = performance.now();
    await makeFolders(spec);
    await using chooser =
      spec.limits.gpus === 0
        ? undefined
        : await becomeGpuChooser(this.#engine, { image: await this.#image(), home: this.#home, ...options });
    const devices = await chooseDevices(this.#engine, this.#gpus, spec.limits.gpus);
    const request = await this.#request(spec, seconds, devices);
    const places = dockerPlaces(spec.run_folder);
    await Promise.all([
      rm(places.socket, { force: true }),
      noteMemory(this.#gpus, devices, places.gpuMemory),
    ]);
    options.signal.throwIfAborted();
    if (spec.network === 'open') await this.#openNetwork(request);
    const left = seconds - (performance.now() - started) / 1000;
    const beforeStart = async () => chooser?.done();
    const id = await startContainer(this.#engine, { ...request, seconds: Math.max(0, left) }, beforeStart);
    try {
      return await this.#becomesReady(id, request, options);
    } catch (error) {
      if (options.signal.aborted) throw error; // the next call finds it running
      await removeContainer(this.#engine, id).catch(() => undefined);
      throw error;
    }
  }

  async #openNetwork({ spec, image, labels, agent }: ContainerRequest): Promise<void> {
    const { network, allow, ports = WEB_PORTS } = this.#egress;
    await ensureEgress(this.#engine, {
      runId: spec.run_id,
      runFolder: spec.run_folder,
      image,
      // Not of its lease: that is the container's that has the devices.
      labels: { ...withoutLease(labels), [EGRESS_LABEL]: '1' },
      user: agent,
      network,
      rules: { ports, deny: hostNetworks(), allow: parseAllowed(allow) },
    });
  }

  async #request(spec: SandboxSpec, seconds: number, devices: readonly string[]): Promise<ContainerRequest> {
    const image = await this.#image();
    const found = await this.#engine.find(InspectedImage, { path: imagePath(image) });
    if (found === undefined) throw noImage(image);
    return {
      spec,
      image,
      imageEnvironment: found.Config?.Env ?? [],
      labels: {
        [RUN_LABEL]: spec.run_id,
        [HOME_LABEL]: homeLabel(this.#home),
        [UNTIL_LABEL]: new Date(Date.now() + seconds * 1000).toISOString(),
        ...(devices.length === 0 ? {} : { [GPUS_LABEL]: devices.join(',') }),
      },
      agent: agentUser(),
      seconds,
      deviceRequests: this.#gpus.requests(devices),
    };
  }

  /** Connects as soon as the executor listens, unless its container ends before. */
  async #becomesReady(id: string, request: ContainerRequest, options: CallOptions): Promise<ExecutorClient> {
    const { spec } = request;
    const places = dockerPlaces(spec.run_folder);
    const giveUpAt = performance.now() + START_TIMEOUT_MS;
    let lookAt = performance.now() + 500;
    while (performance.now() < giveUpAt) {
      if (await exists(places.socket)) {
        const client = await connectToRunning(spec, places, options);
        if (client) return client;
      }
      if (performance.now() > lookAt) {
        lookAt = performance.now() + 500;
        const container = await findContainer(this.#engine, spec.run_id, this.#home);
        if (container?.state !== 'running') throw await whyNotStarted(this.#engine, id, request);
      }
      await pause(LOOK_EVERY_MS, undefined, options);
    }
    throw await whyNotStarted(this.#engine, id, request);
  }

  /** Asks the executor to end everything, removes the container, which ends whatever is left, and looks whether that is so. */
  async #finish(run: RunPlace, reason: string): Promise<SandboxEnd | null> {
    const places = dockerPlaces(run.run_folder);
    if (!(await exists(places.own))) return null;
    const groups = await this.#controlGroups(run).catch(() => null); // whoever cannot ask is told so below
    const isEmpty = await endByExecutor(run, places, reason);
    try {
      const container = await findContainer(this.#engine, run.run_id, this.#home);
      if (container !== undefined) await removeContainer(this.#engine, container.id);
      if (await exists(places.egress)) await removeEgress(this.#engine, run.run_id);
    } catch (error) {
      // Where the executor has ended every process, only an empty container is left: `mlrb cleanup` removes it.
      if (!isEmpty) throw error;
    }
    await markEnded(run, places, reason);
    return this.#whatIsLeft(places, groups);
  }

  async #whatIsLeft(places: DockerPlaces, groups: readonly string[] | null): Promise<SandboxEnd> {
    const processes_left = groups === null ? null : await processesIn(groups);
    const { changed, looked_at } = await changesFromNow(places.workspace, places.endMark);
    const gpu_memory = await memoryAfter(this.#gpus, places.gpuMemory);
    const ok = processes_left === 0 && changed === 0 && Object.values(gpu_memory ?? {}).every(isBack);
    return { ok, processes_left, files_changed: changed, files_looked_at: looked_at, gpu_memory };
  }

  /** Those of the run's container: none where it does not run. */
  async #controlGroups(run: RunPlace): Promise<readonly string[] | null> {
    const container = await findContainer(this.#engine, run.run_id, this.#home);
    return container === undefined || container.pid === 0 ? [] : controlGroupsOf(container.pid);
  }
}

function withoutLease(labels: ContainerRequest['labels']): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== GPUS_LABEL));
}
