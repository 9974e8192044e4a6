import { constants } from 'node:fs';
import { access, mkdir, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { execa } from 'execa';
import type { Config } from '../config.js';
import { isKnownError } from '../errors.js';
import { pythonVersion } from '../lib/make-python-environment.js';
import { findPythonEnvironment } from '../lib/python-environment.js';
import { size } from '../lib/text.js';
import { ownTaskData } from '../tasks/own-data.js';
import { renderPrompt, UNKNOWN_PATHS } from '../tasks/prompt.js';
import { checkData } from './data-checks.js';
import { checkDocker } from './docker-checks.js';
import { evaluationPython } from './evaluation-python.js';
import type { HostCheck } from './host-check.js';
import { knownTasks } from './known-tasks.js';

const MIN_DISK_BYTES = 6e9;
const MIN_MEMORY_BYTES = 4e9;
const PROBE_TIMEOUT_MS = 10_000;

/** Looks at everything at once; changes nothing but that it makes the home folder, which the others look at. */
export async function checkHost(config: Config, signal: AbortSignal): Promise<HostCheck[]> {
  const home = await checkHome(config);
  const checks = await Promise.all([
    checkNode(),
    home,
    checkDisk(config),
    checkMemory(),
    checkPython(config, signal),
    checkVenv(config, signal),
    checkEnvironment(config),
    checkDocker(config),
    checkOwnTasks(config),
    checkData(config, signal),
  ]);
  return checks.flat();
}

async function checkNode(): Promise<HostCheck> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > 20 || (major === 20 && minor >= 19);
  return check(
    'Node',
    isNewEnough,
    process.versions.node,
    'Install Node 20.19 or newer from https://nodejs.org.',
  );
}

async function checkHome({ home }: Config): Promise<HostCheck> {
  const remedy = 'Change its owner, or choose another folder with --home or MLRB_HOME.';
  const isWritable = await mkdir(home, { recursive: true })
    .then(() => access(home, constants.W_OK))
    .then(
      () => true,
      () => false,
    );
  return check('home folder', isWritable, `${home}${isWritable ? ', writable' : ', not writable'}`, remedy);
}

async function checkDisk({ home }: Config): Promise<HostCheck> {
  const found = await statfs(home).catch(() => undefined);
  const free = found === undefined ? 0 : found.bavail * found.bsize;
  const remedy = `Free ${size(MIN_DISK_BYTES)} there, or choose another folder with --home or MLRB_HOME.`;
  return check('disk space', free >= MIN_DISK_BYTES, `${size(free)} free`, remedy);
}

async function checkMemory(): Promise<HostCheck> {
  const total = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
  const remedy = `The mini tasks need ${size(MIN_MEMORY_BYTES)}: use a larger machine or close other programs.`;
  return check('memory', total >= MIN_MEMORY_BYTES * 0.95, size(total), remedy);
}

async function checkPython(config: Config, signal: AbortSignal): Promise<HostCheck> {
  const { program } = config.python;
  try {
    return check('Python', true, `${program} is ${await pythonVersion({ program, signal })}`, '');
  } catch (error) {
    if (!isKnownError(error)) throw error;
    return check('Python', false, program, error.message);
  }
}

async function checkVenv(config: Config, signal: AbortSignal): Promise<HostCheck> {
  const isThere = await runs(config.python.program, ['-c', 'import venv, ensurepip'], signal);
  const remedy = 'Install it; on Debian and Ubuntu: apt install python3-venv.';
  return check('Python venv module', isThere, isThere ? 'there' : 'not there', remedy);
}

async function checkEnvironment(config: Config): Promise<HostCheck> {
  const found = await findPythonEnvironment(evaluationPython(config));
  return {
    name: 'Python environment',
    state: found === undefined ? 'optional' : 'ok',
    found: found?.python ?? 'not made yet',
    remedy: found === undefined ? '`mlrb setup` makes it, and so does any command that needs it.' : '',
  };
}

/** Everything that a contestant of an own task would meet, where there are any. */
async function checkOwnTasks(config: Config): Promise<HostCheck[]> {
  if (config.tasks === '') return [];
  try {
    const own = knownTasks(config).filter(({ ownData }) => ownData !== undefined);
    for (const folder of own) {
      await renderPrompt(folder, UNKNOWN_PATHS);
      await ownTaskData(folder);
    }
    return [check('own tasks', true, own.map(({ task }) => task.id).join(', '), '')];
  } catch (error) {
    if (!isKnownError(error)) throw error;
    return [check('own tasks', false, config.tasks, error.message)];
  }
}

async function runs(program: string, args: readonly string[], signal: AbortSignal): Promise<boolean> {
  const { failed } = await execa(program, args, {
    cancelSignal: signal,
    reject: false,
    stdin: 'ignore',
    timeout: PROBE_TIMEOUT_MS,
  });
  signal.throwIfAborted();
  return !failed;
}

function check(name: string, isOk: boolean, found: string, remedy: string): HostCheck {
  return { name, state: isOk ? 'ok' : 'missing', found, remedy: isOk ? '' : remedy };
}
