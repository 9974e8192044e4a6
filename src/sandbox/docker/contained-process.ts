import { availableParallelism, constants } from 'node:os';
import { Duplex, PassThrough, type Readable } from 'node:stream';
import type { ContainerCreateOptions, DeviceRequest } from 'dockerode';
import { ConfigError } from '../../errors.js';
import { DockerEngine } from './docker-engine.js';
import { containerPath, EndedContainer, InspectedContainer, MadeContainer } from './engine-objects.js';
import { creationFailed, removeContainer, startFailed } from './run-container.js';
import { type WriteFault, watchWrites } from './watch-writes.js';

/** A program that runs once, in a container of its own that can reach nothing but what is named here. */
export interface ContainedProcess {
  readonly image: string;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: { readonly uid: number; readonly gid: number };
  readonly labels: Readonly<Record<string, string>>;
  /** Host folder or file, place inside, and whether it may be written. */
  readonly mounts: readonly (readonly [from: string, to: string, mode: 'read' | 'write'])[];
  /** Sizes of folders in memory, by their place inside. What lies there counts as memory. */
  readonly memoryFolders: Readonly<Record<string, number>>;
  readonly memoryBytes: number;
  /** What its writable mounts may take together, and how large a file of it may be. */
  readonly diskBytes: number;
  readonly deviceRequests: readonly DeviceRequest[];
}

export interface ContainedEnd {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly isOutOfMemory: boolean;
  /** Why it was ended for what it wrote; null where it was not. */
  readonly writeFault: WriteFault | null;
}

export interface RunningContained {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when its container is gone. */
  readonly ended: Promise<ContainedEnd>;
  kill(): void;
}

const PIDS = 1024;
/** How a connection is told that silence never ends it. */
const NO_LIMIT = 0;

/** All cores but one, where there are more than two: the server and the executors of runs, whose time runs on, keep one to answer with. */
export const CONTAINED_CPUS =
  availableParallelism() > 2 ? availableParallelism() - 1 : availableParallelism();

/**
 * Starts the program, hands it `input` on a standard input that stays open, and removes its container when it has ended.
 * `beforeStart` is called when the container is made.
 * @throws ConfigError that says what the host lacks.
 */
export async function startContained(
  engine: DockerEngine,
  program: ContainedProcess,
  input: string,
  beforeStart: () => Promise<void> = async () => undefined,
): Promise<RunningContained> {
  const make = { method: 'POST', path: '/containers/create', body: containedOptions(program) } as const;
  const { Id: id } = await engine.ask(MadeContainer, make).catch((error: unknown) => {
    throw creationFailed(error, program.image);
  });
  return engine.withClient(async docker => {
    try {
      const stream = await docker.getContainer(id).attach({
        stream: true,
        stdin: true,
        stdout: true,
        stderr: true,
        hijack: true,
      });
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      docker.modem.demuxStream(stream, stdout, stderr);
      // An engine that goes away closes the stream without an end.
      for (const event of ['end', 'error', 'close'])
        stream.on(event, () => [stdout, stderr].map(each => each.end()));
      await beforeStart();
      await engine.tell({ method: 'POST', path: containerPath(id, 'start') }).catch((error: unknown) => {
        throw startFailed(error, program.image);
      });
      stream.write(input);
      return { stdout, stderr, ...(await seeThrough(engine, id, program, stream)) };
    } catch (error) {
      await removeQuietly(engine, id);
      throw error;
    }
  });
}

/** Watches a program that was started until it has ended, and removes its container then. */
async function seeThrough(
  engine: DockerEngine,
  id: string,
  program: ContainedProcess,
  stream: NodeJS.ReadWriteStream,
): Promise<Pick<RunningContained, 'ended' | 'kill'>> {
  const exit = exitCodeOf(engine, id);
  exit.catch(() => undefined);
  const watch = await watchWrites(writesOf(program), () => void removeQuietly(engine, id));
  let loseSight: (error: unknown) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    loseSight = reject;
  });
  const ended = Promise.race([exit, lost])
    .then(async exitCode => ({
      ...(await howEnded(engine, id, exitCode)),
      writeFault: await watch.stop(),
    }))
    .catch((error: unknown) => {
      if (stream instanceof Duplex) stream.destroy(); // whoever listens waits for its end
      throw new ConfigError('Docker lost sight of the scoring container. Evaluate again.', {
        cause: error,
      });
    })
    .finally(() => Promise.all([removeQuietly(engine, id), watch.stop()]));
  ended.catch(() => undefined);
  // An engine that hangs tells no end either: whoever wants it ended waits no longer than for any other call.
  return { ended, kill: () => void removeContainer(engine, id).catch(loseSight) };
}

function removeQuietly(engine: DockerEngine, id: string): Promise<void> {
  return removeContainer(engine, id).catch(() => undefined);
}

function writesOf({ mounts, diskBytes }: ContainedProcess) {
  const folders = mounts.filter(([, , mode]) => mode === 'write').map(([from]) => from);
  return { folders, bytes: diskBytes };
}

function containedOptions(program: ContainedProcess): ContainerCreateOptions {
  const { image, argv, environment, user, labels, mounts, memoryFolders, memoryBytes } = program;
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
      Tmpfs: Object.fromEntries(
        Object.entries(memoryFolders).map(([place, bytes]) => [
          place,
          `rw,exec,nosuid,nodev,mode=1777,size=${bytes}`,
        ]),
      ),
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      NanoCpus: CONTAINED_CPUS * 1e9,
      PidsLimit: PIDS,
      Ulimits: [
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'fsize', Soft: program.diskBytes, Hard: program.diskBytes },
      ],
      LogConfig: { Type: 'none', Config: {} },
      DeviceRequests: [...program.deviceRequests],
    },
  };
}

/**
 * Waits for the end of a container that was started, and is not removed before that. The engine says nothing for as long as it runs:
 * the usual limit on its silence would lose sight of every one that runs longer.
 */
async function exitCodeOf({ socket }: DockerEngine, id: string): Promise<number> {
  const patient = new DockerEngine(socket, NO_LIMIT);
  const wait = {
    method: 'POST',
    path: containerPath(id, 'wait'),
    query: { condition: 'not-running' },
  } as const;
  return (await patient.ask(EndedContainer, wait)).StatusCode;
}

/** A container tells a signal by an exit code of 128 and its number. */
async function howEnded(
  engine: DockerEngine,
  id: string,
  exitCode: number,
): Promise<Omit<ContainedEnd, 'writeFault'>> {
  const found = await engine.find(InspectedContainer, { path: containerPath(id, 'json') });
  const isOutOfMemory = found?.State.OOMKilled === true;
  const signal = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0];
  return signal === undefined ? { exitCode, isOutOfMemory } : { signal, isOutOfMemory };
}
