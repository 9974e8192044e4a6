import { constants } from 'node:os';
import { PassThrough, type Readable } from 'node:stream';
import type { ContainerCreateOptions } from 'dockerode';
import { ConfigError } from '../../errors.js';
import type { DockerEngine } from './docker-engine.js';
import { containerPath, InspectedContainer } from './engine-objects.js';
import { nvidiaGpus } from './gpus.js';
import { creationFailed, removeContainer, startFailed } from './run-container.js';

/** A program that runs once, in a container of its own that can reach nothing but what is named here. */
export interface ContainedProcess {
  readonly image: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly labels: Readonly<Record<string, string>>;
  /** Host folder or file, place inside, and whether it may be written. */
  readonly mounts: readonly (readonly [from: string, to: string, mode: 'read' | 'write'])[];
  readonly memoryBytes: number;
  readonly gpus: readonly string[];
}

export interface ContainedEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly isOutOfMemory: boolean;
}

export interface RunningContained {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when its container is gone. */
  readonly ended: Promise<ContainedEnd>;
  kill(): void;
}

const PIDS = 1024;

/**
 * Starts the program, hands it `input` on a standard input that stays open, and removes its container when it has ended.
 * @throws ConfigError that says what the host lacks.
 */
export async function startContained(
  engine: DockerEngine,
  program: ContainedProcess,
  input: string,
): Promise<RunningContained> {
  return engine.withClient(async docker => {
    const container = await docker.createContainer(containedOptions(program)).catch((error: unknown) => {
      throw creationFailed(error, program.image);
    });
    const remove = (): Promise<void> => removeContainer(engine, container.id).catch(() => undefined);
    try {
      const stream = await container.attach({
        stream: true,
        stdin: true,
        stdout: true,
        stderr: true,
        hijack: true,
      });
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      docker.modem.demuxStream(stream, stdout, stderr);
      stream.on('end', () => [stdout, stderr].map(each => each.end()));
      stream.on('error', () => [stdout, stderr].map(each => each.end()));
      const exit = container.wait({ condition: 'next-exit' });
      exit.catch(() => undefined);
      await container.start().catch((error: unknown) => {
        throw startFailed(error, program.image);
      });
      stream.write(input);
      const ended = exit
        .then(({ StatusCode }: { StatusCode: number }) => howEnded(engine, container.id, StatusCode))
        .catch((error: unknown) => {
          throw new ConfigError('Docker lost sight of the scoring container. Evaluate again.', {
            cause: error,
          });
        })
        .finally(remove);
      ended.catch(() => undefined);
      return { stdout, stderr, ended, kill: () => void remove() };
    } catch (error) {
      await remove();
      throw error;
    }
  });
}

function containedOptions(program: ContainedProcess): ContainerCreateOptions {
  const { image, argv, environment, user, labels, mounts, memoryBytes, gpus } = program;
  const [entrypoint = '', ...rest] = argv;
  return {
    Image: image,
    Entrypoint: [entrypoint],
    Cmd: rest,
    Env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    User: `${user.uid}:${user.gid}`,
    WorkingDir: '/tmp',
    Labels: { ...labels },
    Healthcheck: { Test: ['NONE'] },
    OpenStdin: true,
    StdinOnce: true, // if whoever scores dies, the scorer sees the end of its input, and ends
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      Init: true,
      RestartPolicy: { Name: 'no' },
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      Mounts: mounts.map(([Source, Target, mode]) => ({
        Type: 'bind' as const,
        Source,
        Target,
        ReadOnly: mode === 'read',
        BindOptions: { Propagation: 'rprivate' as const },
      })),
      Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,mode=1777,size=1g' },
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      PidsLimit: PIDS,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: { Type: 'none', Config: {} },
      DeviceRequests: nvidiaGpus.requests(gpus),
    },
  };
}

/** A container tells a signal by an exit code of 128 and its number. */
async function howEnded(engine: DockerEngine, id: string, exitCode: number): Promise<ContainedEnd> {
  const found = await engine.find(InspectedContainer, { path: containerPath(id, 'json') });
  const isOutOfMemory = found?.State.OOMKilled === true;
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? { exitCode, isOutOfMemory } : { signal, isOutOfMemory };
}
