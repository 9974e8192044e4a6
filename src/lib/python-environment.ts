import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError, errorCode } from '../errors.js';
import { writeJson } from './atomic-write.js';
import { readSetup, reportSetup, type SetupFiles, setupFiles } from './python-setup-record.js';
import { type EnsureOptions, interpreter, type PythonEnvironment, type PythonSpec } from './python-spec.js';
import { duration } from './text.js';
import { type WhenFree, whenFree } from './when-free.js';

/** Written last: an environment without it was never finished. */
const Ready = z.strictObject({
  version: z.literal(1),
  digest: z.string(),
  python_version: z.string(),
  programs: z.array(z.string()).describe('settings of the interpreter that are known to mean this version'),
  pip_args: z.string(),
  requirements_sha256: z.string(),
  made_at: z.iso.datetime(),
});
type Ready = z.infer<typeof Ready>;

const READY_FILE = 'ready.json';

/** The environment if it is there and ready; starts no process. */
export async function findPythonEnvironment(spec: PythonSpec): Promise<PythonEnvironment | undefined> {
  const folder = join(spec.home, 'python');
  const requirementsSha256 = await digestOfFile(spec.requirements);
  const digests = await readdir(folder).catch(() => []);
  for (const digest of digests.filter(name => /^[0-9a-f]{16}$/.test(name))) {
    const ready = await readReady(join(folder, digest));
    if (
      ready?.requirements_sha256 === requirementsSha256 &&
      ready.pip_args === spec.pipArgs &&
      ready.programs.includes(spec.program)
    ) {
      return environment(folder, digest);
    }
  }
  return undefined;
}

/**
 * The environment, made first if it is not there: several minutes and about 2 GB. Two processes at once make it once. What
 * a killed process left half made is thrown away.
 * @throws ConfigError if the host lacks Python, its venv module, the network or space; the signal's reason on abort.
 */
export async function ensurePythonEnvironment(options: EnsureOptions): Promise<PythonEnvironment> {
  const found = await findPythonEnvironment(options);
  if (found !== undefined) return found;
  await makeWritable(join(options.home, 'python'));
  const setup = await setupFiles(options);
  return whenFree(setup.lock, waitFor(options, setup), async () => {
    const madeMeanwhile = await findPythonEnvironment(options);
    if (madeMeanwhile !== undefined) return madeMeanwhile;
    return reportSetup(setup, options, onProgress => findOrMake({ ...options, onProgress }));
  });
}

/** Other settings may lead to the same environment, which has a lock of its own for that. */
async function findOrMake(options: EnsureOptions): Promise<PythonEnvironment> {
  const { makePythonEnvironment, pythonVersion } = await import('./make-python-environment.js');
  const version = await pythonVersion(options);
  const requirementsSha256 = await digestOfFile(options.requirements);
  const digest = sha256(`${requirementsSha256}\n${version}\n${options.pipArgs}`).slice(0, 16);
  const parent = join(options.home, 'python');
  const folder = join(parent, digest);
  return whenFree(join(parent, `${digest}.lock`), waitFor(options), async () => {
    const ready = await readReady(folder);
    if (ready === undefined) {
      await makePythonEnvironment({ ...options, folder, log: join(parent, `${digest}.log`) });
    }
    await writeJson(join(folder, READY_FILE), {
      version: 1,
      digest,
      python_version: version,
      programs: [...new Set([...(ready?.programs ?? []), options.program])],
      pip_args: options.pipArgs,
      requirements_sha256: requirementsSha256,
      made_at: ready?.made_at ?? new Date().toISOString(),
    } satisfies Ready);
    return environment(parent, digest);
  });
}

/** Says how long it has waited, and how far the other process is where that is known. */
function waitFor({ signal, onProgress }: EnsureOptions, setup?: SetupFiles): WhenFree {
  const tell = async (seconds: number) => {
    const text = `another process is making it, waiting for ${duration(seconds)}`;
    const { progress } = setup === undefined ? { progress: null } : await readSetup(setup);
    if (progress === null) onProgress({ text, done: 0, total: 1 });
    else onProgress({ ...progress, text: `${text}: ${progress.text}` });
  };
  return { signal, onWait: seconds => void tell(seconds) };
}

/** @throws ConfigError if the folder cannot be made or written. */
export async function makeWritable(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, 2);
  } catch (error) {
    throw new ConfigError(
      `The folder ${folder} cannot be made or written (${errorCode(error) ?? 'unknown reason'}). Free space or change its owner, or choose another place with --home or MLRB_HOME.`,
      { cause: error },
    );
  }
}

/** Undefined where the environment is not finished, or its interpreter has gone since. */
async function readReady(folder: string): Promise<Ready | undefined> {
  try {
    const ready = Ready.parse(JSON.parse(await readFile(join(folder, READY_FILE), 'utf8')));
    await access(interpreter(folder));
    return ready;
  } catch {
    return undefined;
  }
}

function environment(parent: string, digest: string): PythonEnvironment {
  return { python: interpreter(join(parent, digest)), digest };
}

async function digestOfFile(path: string): Promise<string> {
  return sha256(await readFile(path));
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
