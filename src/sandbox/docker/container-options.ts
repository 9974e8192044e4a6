import type { ContainerCreateOptions, DeviceRequest } from 'dockerode';
import { EXECUTOR_PROGRAM, type ExecutorSettings, executorArguments } from '../executor/executor-program.js';
import type { SandboxSpec } from '../sandbox.js';
import type { AgentUser } from './agent-user.js';
import { dockerPlaces, INSIDE } from './docker-places.js';

export interface ContainerRequest {
  readonly spec: SandboxSpec;
  readonly image: string;
  /** `NAME=value` of the image itself: programs in it may need them. */
  readonly imageEnvironment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly agent: AgentUser;
  readonly seconds: number;
  /** How it gets the devices of its lease. */
  readonly deviceRequests: readonly DeviceRequest[];
}

/**
 * All that the executor may do as root, and why. Jobs have none of it: a process that becomes another user loses every capability,
 * and `no-new-privileges` keeps it from gaining one.
 */
const CAPABILITIES = [
  'SETUID', // to start jobs and touch files as the agent
  'SETGID', // the same for its group
  'KILL', // to end jobs, which are another user's
  'DAC_OVERRIDE', // to write into its own folder, which is the server's user's; to measure what the agent hid from itself
];

/** Processes and threads: a PyTorch job with data loaders stays below a few hundred; a fork bomb does not. */
const PIDS = 2048;
const PERIOD_US = 100_000;
/** Of the memory, for each of two: what lies in them has no process that could be ended for it, so some must be left beside both. */
const TMP_SHARE = 0.4;
const LOG = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } };

/**
 * A container that can reach nothing but its workspace and its data, and that lives as long as its executor. With an open network it has
 * none either: its executor hands a socket out, and who takes it reaches the outside in its stead.
 */
export function containerOptions(request: ContainerRequest): ContainerCreateOptions {
  const { spec, image, labels, deviceRequests } = request;
  const { limits } = spec;
  return {
    Image: image,
    Entrypoint: ['python3'],
    Cmd: executorArguments('serve', executorSettings(request), INSIDE.program),
    User: '0:0',
    WorkingDir: '/',
    Hostname: 'sandbox',
    Labels: { ...labels },
    Healthcheck: { Test: ['NONE'] }, // an image's own would start a process in the sandbox every now and then
    StopSignal: 'SIGTERM',
    HostConfig: {
      Init: true,
      AutoRemove: false,
      RestartPolicy: { Name: 'no' },
      Privileged: false,
      CapDrop: ['ALL'],
      CapAdd: CAPABILITIES,
      SecurityOpt: ['no-new-privileges:true'],
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      Mounts: mounts(spec),
      Tmpfs: {
        '/tmp': `rw,exec,nosuid,nodev,mode=1777,size=${Math.round(limits.memory_bytes * TMP_SHARE)}`,
        '/run': 'rw,noexec,nosuid,nodev,mode=0755,size=16m',
        [INSIDE.own]: 'rw,noexec,nosuid,nodev,mode=0700,size=1m',
      },
      ShmSize: Math.round(limits.memory_bytes * TMP_SHARE), // data loaders hand tensors over in it; it counts as memory
      Memory: limits.memory_bytes,
      MemorySwap: limits.memory_bytes, // together with swap: so there is none
      CpuPeriod: PERIOD_US,
      CpuQuota: Math.round(limits.cpus * PERIOD_US),
      PidsLimit: PIDS,
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      LogConfig: LOG,
      DeviceRequests: [...deviceRequests],
    },
  };
}

function mounts({ run_folder, data_folder, network }: SandboxSpec) {
  const places = dockerPlaces(run_folder);
  const bind = (Source: string, Target: string, ReadOnly: boolean) => ({
    Type: 'bind' as const,
    Source,
    Target,
    ReadOnly,
    BindOptions: { Propagation: 'rprivate' as const },
  });
  return [
    bind(places.workspace, INSIDE.workspace, false),
    bind(data_folder ?? places.noData, INSIDE.data, true),
    bind(EXECUTOR_PROGRAM, INSIDE.program, true),
    bind(places.executor, INSIDE.executor, false),
    bind(places.jobs, INSIDE.jobs, false),
    ...(network === 'open' ? [bind(places.egress, INSIDE.egress, false)] : []),
  ];
}

function executorSettings({ spec, imageEnvironment, agent, seconds }: ContainerRequest): ExecutorSettings {
  return {
    run_id: spec.run_id,
    workspace: INSIDE.workspace,
    data: INSIDE.data,
    jobs_folder: INSIDE.jobs,
    state_file: INSIDE.stateFile,
    quota_folders: [INSIDE.workspace],
    disk_limit_bytes: spec.limits.disk_bytes,
    environment: {
      ...jobEnvironment(spec.run_id, imageEnvironment),
      ...(spec.network === 'open' ? PROXY_ENVIRONMENT : {}),
    },
    seconds,
    socket: INSIDE.socket,
    // The folder around it lets nobody in but the server's user on the host and root in the container.
    socket_mode: 0o666,
    agent,
    owns_processes: true,
    log_file: INSIDE.logFile,
    clock_file: INSIDE.clockFile,
    ...(spec.network === 'open' ? { egress: { socket: INSIDE.egressSocket, port: PROXY_PORT } } : {}),
  };
}

/** Where jobs of a run with an open network find their way out, on the loopback interface, the only one that there is. */
const PROXY_PORT = 3128;
const PROXY = `http://127.0.0.1:${PROXY_PORT}`;
const LOCAL = 'localhost,127.0.0.1,::1';

/** Some programs look for the one spelling, some for the other. */
const PROXY_ENVIRONMENT = {
  HTTP_PROXY: PROXY,
  HTTPS_PROXY: PROXY,
  http_proxy: PROXY,
  https_proxy: PROXY,
  NO_PROXY: LOCAL,
  no_proxy: LOCAL,
};

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment of a job: the image's, and ours over it. Nothing of the server's own is in it. */
function jobEnvironment(runId: string, imageEnvironment: readonly string[]): Record<string, string> {
  const ofImage = imageEnvironment.map(entry => {
    const at = entry.indexOf('=');
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  return {
    PATH: SYSTEM_PATH,
    ...Object.fromEntries(ofImage),
    HOME: INSIDE.workspace,
    PWD: INSIDE.workspace,
    TMPDIR: '/tmp',
    LANG: '', // the image's may be another
    LC_CTYPE: 'C.UTF-8', // the encoding alone: a program that loads all of a locale reads a dozen files more when it starts
    TERM: 'dumb',
    PYTHONUNBUFFERED: '1',
    HF_HOME: `${INSIDE.workspace}/.cache/huggingface`,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    MLRB_RUN_ID: runId,
  };
}
