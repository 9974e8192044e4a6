import { createWriteStream, type WriteStream, writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { z } from 'zod';
import { ConfigError, isDiskFull } from '../errors.js';
import { isLocked } from './file-lock.js';
import { normalised, PipProgress } from './pip-progress.js';
import { commandLine, endGroup, isAlive, signalGroup } from './process-group.js';
import { type EnsureOptions, interpreter, type PythonProgress } from './python-spec.js';

export interface MakeOptions extends EnsureOptions {
  /** Where it is made. What is there already is thrown away. */
  readonly folder: string;
  /** Everything that venv and pip say goes there. */
  readonly log: string;
}

const OLDEST = [3, 10] as const;
const GRACE_MS = 3000;
const MAKING_FILE = 'making.json';
/** The process that makes it, and the one that it runs for that. */
const Making = z.object({ maker: z.number().int(), pid: z.number().int().optional() });
/** Lines kept in memory to tell why pip failed. */
const TAIL_LINES = 200;

/** Settings of the caller's own Python that must not leak into the environment. */
const CLEAN_ENV = {
  PYTHONHOME: undefined,
  PYTHONPATH: undefined,
  PIP_REQUIRE_VIRTUALENV: undefined,
  PIP_TARGET: undefined,
  PIP_USER: undefined,
  PYTHONNOUSERSITE: '1',
  PYTHONUNBUFFERED: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
};

/**
 * The interpreter's version, as in `3.11`.
 * @throws ConfigError if there is none, or it is too old.
 */
export async function pythonVersion({
  program,
  signal,
}: Pick<EnsureOptions, 'program' | 'signal'>): Promise<string> {
  const answer = await execa(program, ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], {
    cancelSignal: signal,
    env: CLEAN_ENV,
    reject: false,
    stdin: 'ignore',
    timeout: 60_000,
  });
  signal.throwIfAborted();
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(answer.stdout?.trim() ?? '') ?? [];
  const wanted = `Python ${OLDEST.join('.')} or newer`;
  const remedy = `Install ${wanted}, or name one with --python-program or MLRB_PYTHON_PROGRAM.`;
  if (major === undefined || minor === undefined) {
    throw new ConfigError(`"${program}" does not start as a Python interpreter. ${remedy}`, {
      cause: answer,
    });
  }
  if (Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1])) {
    throw new ConfigError(`"${program}" is Python ${major}.${minor}, and ${wanted} is needed. ${remedy}`);
  }
  return `${major}.${minor}`;
}

/**
 * Makes the environment in `folder`. Call it while holding the lock of that folder. On failure or abort nothing is left.
 * @throws ConfigError saying what the host lacks; the signal's reason on abort.
 */
export async function makePythonEnvironment(options: MakeOptions): Promise<void> {
  const { folder, log, program, requirements, signal } = options;
  await removeHalfMade(folder);
  const steps = new Steps(await packagesIn(requirements), options.onProgress);
  const output = createWriteStream(log);
  output.on('error', () => undefined); // a full disk shows in pip itself
  try {
    await mkdir(folder, { recursive: true });
    steps.at('making the environment', 0);
    await runStep(options, output, program, ['-m', 'venv', folder], () => undefined);
    for (const pip of await pipCalls(options)) {
      const progress = new PipProgress();
      await runStep(options, output, interpreter(folder), pip, line => {
        const step = progress.read(line);
        if (step !== undefined) steps.at(step.text, step.packages);
      });
    }
    steps.atEnd('starting the libraries for the first time');
    await runStep(
      options,
      output,
      interpreter(folder),
      ['-c', `import ${options.imports.join(', ')}`],
      () => undefined,
    );
    signal.throwIfAborted();
    await rm(join(folder, MAKING_FILE), { force: true });
  } catch (error) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  } finally {
    output.end();
  }
}

/** Counts forward only: pip looks at some packages twice. */
class Steps {
  readonly #total: number;
  readonly #report: (step: PythonProgress) => void;
  #done = 0;

  constructor(packages: number, report: (step: PythonProgress) => void) {
    this.#total = packages + 2;
    this.#report = report;
  }

  at(text: string, packages: number): void {
    this.#done = Math.min(Math.max(this.#done, packages), this.#total - 1);
    this.#report({ text, done: this.#done, total: this.#total });
  }

  atEnd(text: string): void {
    this.at(text, this.#total);
  }
}

/** PyTorch first, held to the versions of the whole file: it is by far the largest, and everything else needs it. */
async function pipCalls({ requirements, pipArgs }: MakeOptions): Promise<string[][]> {
  const install = ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', ...words(pipArgs)];
  const lines = requirementLines(await readFile(requirements, 'utf8'));
  const torch = lines.find(line => /^torch\b/.test(line));
  const all = [...install, '-r', requirements];
  if (torch === undefined) return [all];
  const hasExtras = lines.some(line => line.includes('[')); // which pip does not take as constraints
  return [[...install, torch, ...(hasExtras ? [] : ['-c', requirements])], all];
}

/** Lines for other Python versions name the same package again. */
async function packagesIn(requirements: string): Promise<number> {
  const names = requirementLines(await readFile(requirements, 'utf8')).map(
    line => line.split(/[\s=<>!~;[]/)[0],
  );
  return new Set(names.map(name => normalised(name ?? ''))).size;
}

function requirementLines(text: string): string[] {
  const lines = text.split('\n').map(line => line.replace(/(^|\s)#.*$/, '').trim());
  return lines.filter(line => line !== '' && !line.startsWith('-'));
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(word => word !== '');
}

/** Runs one program in a process group of its own, which is ended with all its children on abort. */
async function runStep(
  { folder, log, signal }: MakeOptions,
  output: WriteStream,
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  signal.throwIfAborted();
  const child = execa(program, args, {
    all: true,
    buffer: false,
    detached: true,
    env: CLEAN_ENV,
    reject: false,
    stdin: 'ignore',
  });
  const { pid } = child;
  let ended: Promise<void> | undefined;
  const onAbort = () => {
    if (pid !== undefined) ended = endGroup(pid, GRACE_MS);
  };
  const onExit = () => void (pid !== undefined && signalGroup(pid, 'SIGKILL')); // it could not wait for an orderly end
  signal.addEventListener('abort', onAbort, { once: true });
  process.once('exit', onExit);
  const tail: string[] = [];
  try {
    const read = async () => {
      for await (const line of child.iterable({ from: 'all' })) {
        output.write(`${line}\n`);
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        onLine(line);
      }
    };
    const making = { pid, maker: process.pid } satisfies z.infer<typeof Making>;
    writeFileSync(join(folder, MAKING_FILE), JSON.stringify(making)); // at once: a maker that is killed now must be found out
    await read();
    const { failed } = await child;
    await ended;
    signal.throwIfAborted();
    if (failed) throw explain(tail.join('\n'), { folder, log });
  } catch (error) {
    if (pid !== undefined) await endGroup(pid, GRACE_MS);
    signal.throwIfAborted();
    throw explainSystemError(error, folder);
  } finally {
    signal.removeEventListener('abort', onAbort);
    process.off('exit', onExit);
  }
}

const CAUSES: readonly (readonly [RegExp, string])[] = [
  [
    /No space left on device|Errno 28|Disk quota exceeded/,
    'The disk is full. Free some space (the environment takes about 2 GB), or choose another place with --home or MLRB_HOME, and try again.',
  ],
  [
    /ensurepip is not available|No module named '?(venv|ensurepip)/,
    'This Python has no venv module. Install it (on Debian and Ubuntu: apt install python3-venv) and try again.',
  ],
  [
    /Retrying \(Retry|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|SSLError|Connection (refused|reset|aborted)|name resolution/,
    'The package index cannot be reached. Check the network and its proxy, or name a reachable index with --python-pip-args, and try again.',
  ],
  [
    /No matching distribution found|Could not find a version that satisfies/,
    'A package has no build for this Python and machine. Try another Python with --python-program, or another index with --python-pip-args.',
  ],
];

function explain(output: string, { folder, log }: { folder: string; log: string }): ConfigError {
  const cause = CAUSES.find(([pattern]) => pattern.test(output))?.[1];
  const advice = cause ?? 'Read the end of its log, mend what it names, and try again.';
  return new ConfigError(
    `The Python environment in ${folder} could not be made. ${advice} The whole output is in ${log}.`,
  );
}

function explainSystemError(error: unknown, folder: string): unknown {
  if (!isDiskFull(error)) return error;
  return new ConfigError(
    `The disk is full: the Python environment in ${folder} could not be made. Free about 2 GB, or choose another place with --home or MLRB_HOME.`,
    { cause: error },
  );
}

/** Whether a living process makes the environment in the folder right now, under that lock. */
export async function isBeingMade(folder: string, lock: string): Promise<boolean> {
  if (!(await isLocked(lock))) return false;
  const making = await readMaking(folder);
  return making === undefined || isAlive(making.maker);
}

/** Ends what a killed maker left running there, and removes what it had made. Call it while holding the lock of that folder. */
export async function removeHalfMade(folder: string): Promise<void> {
  const pid = (await readMaking(folder))?.pid;
  const itsName = join(basename(dirname(folder)), basename(folder)); // whichever way leads there
  if (pid !== undefined && (await commandLine(pid))?.includes(itsName)) await endGroup(pid, 0);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

async function readMaking(folder: string): Promise<z.infer<typeof Making> | undefined> {
  try {
    return Making.parse(JSON.parse(await readFile(join(folder, MAKING_FILE), 'utf8')));
  } catch {
    return undefined;
  }
}
