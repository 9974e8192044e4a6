import { join } from 'node:path';

/** Where everything of a run's sandbox lies on this host. */
export interface DockerPlaces {
  readonly workspace: string;
  readonly jobs: string;
  /** The back end's own folder, for this user alone, and in it: */
  readonly own: string;
  /** what the executor writes: its state, its socket, its log; */
  readonly executor: string;
  /** where the way out of an open network is handed over, and what was asked for is written down; */
  readonly egress: string;
  readonly stateFile: string;
  readonly socket: string;
  readonly logFile: string;
  readonly clockFile: string;
  readonly startLock: string;
  /** what was in use on its devices before the run; */
  readonly gpuMemory: string;
  /** written when everything had ended; */
  readonly endMark: string;
  /** there while the run is paused; */
  readonly pausedMark: string;
  /** what stands for data where a task has none. */
  readonly noData: string;
}

export function dockerPlaces(runFolder: string): DockerPlaces {
  const own = join(runFolder, 'sandbox');
  const executor = join(own, 'executor');
  return {
    workspace: join(runFolder, 'workspace'),
    jobs: join(runFolder, 'jobs'),
    own,
    executor,
    egress: join(own, 'egress'),
    stateFile: join(executor, 'executor.json'),
    socket: join(executor, 'executor.sock'),
    logFile: join(executor, 'executor.log'),
    clockFile: join(executor, 'clock.json'),
    gpuMemory: join(own, 'gpu-memory.json'),
    endMark: join(own, 'ended'),
    pausedMark: join(own, 'paused'),
    startLock: join(own, 'start.lock'),
    noData: join(own, 'no-data'),
  };
}

/** The same inside the container. `OWN` is a folder that only root can enter. */
const OWN = '/run/mlrb';
export const INSIDE = {
  workspace: '/workspace',
  data: '/data',
  own: OWN,
  program: `${OWN}/executor.py`,
  jobs: `${OWN}/jobs`,
  executor: `${OWN}/executor`,
  stateFile: `${OWN}/executor/executor.json`,
  socket: `${OWN}/executor/executor.sock`,
  logFile: `${OWN}/executor/executor.log`,
  clockFile: `${OWN}/executor/clock.json`,
  egress: `${OWN}/egress`,
  egressSocket: `${OWN}/egress/egress.sock`,
} as const;
