import { join } from 'node:path';

/** Where everything of a local sandbox lies below the run's folder. */
export interface RunPlaces {
  readonly workspace: string;
  readonly data: string;
  readonly jobs: string;
  /** The back end's own folder, and in it: */
  readonly own: string;
  readonly venv: string;
  readonly temporary: string;
  readonly stateFile: string;
  readonly logFile: string;
  readonly startLock: string;
}

export function runPlaces(runFolder: string): RunPlaces {
  const own = join(runFolder, 'sandbox');
  return {
    workspace: join(runFolder, 'workspace'),
    data: join(runFolder, 'data'),
    jobs: join(runFolder, 'jobs'),
    own,
    venv: join(own, 'venv'),
    temporary: join(own, 'tmp'),
    stateFile: join(own, 'executor.json'),
    logFile: join(own, 'executor.log'),
    startLock: join(own, 'start.lock'),
  };
}

/** The whole environment of a job. Nothing of the server's own is in it: that holds keys and proxies. */
export function jobEnvironment(places: RunPlaces, runId: string): Record<string, string> {
  return {
    PATH: `${join(places.venv, 'bin')}:${SYSTEM_PATH}`,
    HOME: places.workspace,
    PWD: places.workspace,
    TMPDIR: places.temporary,
    LC_CTYPE: 'C.UTF-8', // the encoding alone: a program that loads all of a locale reads a dozen files more when it starts
    TERM: 'dumb',
    PYTHONUNBUFFERED: '1',
    VIRTUAL_ENV: places.venv,
    HF_HOME: join(places.workspace, '.cache', 'huggingface'),
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    MLRB_RUN_ID: runId,
  };
}

export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
