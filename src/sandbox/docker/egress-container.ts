import { chown, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ContainerCreateOptions } from 'dockerode';
import type { AgentUser } from './agent-user.js';
import type { DockerEngine } from './docker-engine.js';
import { dockerPlaces } from './docker-places.js';
import type { EgressRules } from './egress-rules.js';
import { containerPath, InspectedContainer, MadeContainer } from './engine-objects.js';
import { containerName, creationFailed, removeContainer, startFailed } from './run-container.js';

/** What a run with an open network reaches the outside through. */
export interface EgressRequest {
  readonly runId: string;
  readonly runFolder: string;
  /** Any image with python3: that of the run. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly user: AgentUser;
  /** Docker network through which it reaches the outside. */
  readonly network: string;
  readonly rules: EgressRules;
}

const PROGRAM = fileURLToPath(new URL('./egress.py', import.meta.url));
const INSIDE = { program: '/egress.py', folder: '/egress' } as const;
const MEMORY_BYTES = 256e6;
/** Threads that resolve names, at most 32, and little else. */
const PIDS = 128;
/** The program ends by itself when its run is over; what else ends it is a fault, and the engine starts it again. */
const RESTART = { Name: 'on-failure', MaximumRetryCount: 10 };

/** Starts it unless it runs already. @throws ConfigError that says what the host lacks. */
export async function ensureEgress(engine: DockerEngine, request: EgressRequest): Promise<void> {
  const name = egressName(request.runId);
  const found = await engine.find(InspectedContainer, { path: containerPath(name, 'json') });
  if (found?.State.Running === true) return;
  if (found !== undefined) await removeContainer(engine, found.Id);
  await makeFolder(request);
  const make = { method: 'POST', path: '/containers/create', query: { name } } as const;
  const { Id: id } = await engine
    .ask(MadeContainer, { ...make, body: egressOptions(request) })
    .catch((error: unknown) => {
      throw creationFailed(error, request.image);
    });
  await engine.tell({ method: 'POST', path: containerPath(id, 'start') }).catch(async (error: unknown) => {
    await removeContainer(engine, id).catch(() => undefined);
    throw startFailed(error, request.image);
  });
}

/** Removes it, where there is one. */
export async function removeEgress(engine: DockerEngine, runId: string): Promise<void> {
  await removeContainer(engine, egressName(runId));
}

function egressName(runId: string): string {
  return `${containerName(runId)}-egress`;
}

/** It writes here as the user that it is; in the run's container only root comes near. */
async function makeFolder({ runFolder, user }: EgressRequest): Promise<void> {
  const { egress } = dockerPlaces(runFolder);
  await mkdir(egress, { recursive: true, mode: 0o700 });
  if (process.getuid?.() === 0) await chown(egress, user.uid, user.gid);
}

function egressOptions({
  image,
  labels,
  user,
  network,
  rules,
  runFolder,
}: EgressRequest): ContainerCreateOptions {
  const settings = {
    socket: `${INSIDE.folder}/egress.sock`,
    log_file: `${INSIDE.folder}/requests.jsonl`,
    ...rules,
  };
  const bind = (Source: string, Target: string, ReadOnly: boolean) => ({
    Type: 'bind' as const,
    Source,
    Target,
    ReadOnly,
    BindOptions: { Propagation: 'rprivate' as const },
  });
  return {
    Image: image,
    Entrypoint: ['python3'],
    Cmd: ['-I', '-S', '-B', INSIDE.program, JSON.stringify(settings)],
    User: `${user.uid}:${user.gid}`,
    WorkingDir: '/',
    Labels: { ...labels },
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      Init: true,
      RestartPolicy: RESTART,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: true,
      NetworkMode: network,
      IpcMode: 'private',
      Mounts: [
        bind(PROGRAM, INSIDE.program, true),
        bind(dockerPlaces(runFolder).egress, INSIDE.folder, false),
      ],
      Memory: MEMORY_BYTES,
      MemorySwap: MEMORY_BYTES,
      PidsLimit: PIDS,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
    },
  };
}
