import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/errors.js';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { ensurePythonEnvironment, findPythonEnvironment } from '../../src/lib/python-environment.js';
import type { PythonProgress, PythonSpec } from '../../src/lib/python-spec.js';

let folder: string;
let sources: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mlrb-python-'));
  sources = await makePackage(join(folder, 'package'));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

describe('making the environment', { timeout: 180_000 }, () => {
  it('installs the requirements once, tells how far it is, and is found again without starting Python', async () => {
    const spec = await specFor(`${sources}\n`);
    const steps: PythonProgress[] = [];
    const made = await ensure(spec, steps);
    expect(execFileSync(made.python, ['-c', 'import tiny; print(tiny.ANSWER)'], { encoding: 'utf8' })).toBe(
      '42\n',
    );
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.every(({ done, total }, i) => done <= total && done >= (steps[i - 1]?.done ?? 0))).toBe(
      true,
    );

    const noSteps: PythonProgress[] = [];
    expect(await ensure(spec, noSteps)).toEqual(made);
    expect(noSteps).toEqual([]);
    expect(await findPythonEnvironment(spec)).toEqual(made);
    expect(await builds()).toBe(1);
  });

  it('is made by one of two processes while the other waits for it', async () => {
    const spec = await specFor(`${sources}\n`);
    await mkdir(join(folder, 'stall'));
    const first = maker(spec);
    await vi.waitUntil(() => existsSync(join(folder, 'building')), { timeout: 60_000 });
    const second = maker(spec);
    await vi.waitUntil(() => second.output().includes('another process is making it'), { timeout: 60_000 });
    await rm(join(folder, 'stall'), { recursive: true });
    expect(await first.ended).toBe(0);
    expect(await second.ended).toBe(0);
    expect(await builds()).toBe(1);
  });

  it('throws away what a killed process left half made, and ends what it left running', async () => {
    const spec = await specFor(`${sources}\n`);
    await mkdir(join(folder, 'stall'));
    const killed = maker(spec);
    await vi.waitUntil(() => existsSync(join(folder, 'building')), { timeout: 60_000 });
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(await findPythonEnvironment(spec)).toBeUndefined();

    await rm(join(folder, 'stall'), { recursive: true });
    const made = await ensure(spec);
    expect(await findPythonEnvironment(spec)).toEqual(made);
    expect(await processesNaming(spec.home)).toEqual([]);
  });

  it('ends pip and its children when it is aborted, and leaves nothing that is taken for ready', async () => {
    const spec = await specFor(`${sources}\n`);
    await mkdir(join(folder, 'stall'));
    const abort = new AbortController();
    const making = ensurePythonEnvironment({ ...spec, signal: abort.signal, onProgress: () => undefined });
    const outcome = expect(making).rejects.toThrow('stopped by the test');
    await vi.waitUntil(() => existsSync(join(folder, 'building')), { timeout: 60_000 });
    abort.abort(new Error('stopped by the test'));
    await outcome;
    expect(await processesNaming(spec.home)).toEqual([]);
    expect(await findPythonEnvironment(spec)).toBeUndefined();
    expect((await readdir(join(spec.home, 'python'))).filter(name => !name.includes('.'))).toEqual([]);
  });
});

describe('what the host lacks is said in one sentence', { timeout: 180_000 }, () => {
  it('no such interpreter', async () => {
    const spec = { ...(await specFor('')), program: join(folder, 'no-such-python') };
    expect(await refusal(spec)).toMatch(
      /does not start as a Python interpreter\. Install Python 3\.10 or newer, or name one with/,
    );
  });

  it('a program that is no interpreter', async () => {
    expect(await refusal({ ...(await specFor('')), program: 'true' })).toMatch(
      /does not start as a Python interpreter/,
    );
  });

  it('an interpreter that is too old', async () => {
    const program = await script('old-python', 'echo 3.8');
    expect(await refusal({ ...(await specFor('')), program })).toMatch(
      /is Python 3\.8, and Python 3\.10 or newer is needed/,
    );
  });

  it('an interpreter without its venv module, as Debian ships it', async () => {
    const program = await script(
      'bare-python',
      'if [ "$1" = -c ]; then echo 3.11; else echo "The virtual environment was not created successfully because ensurepip is not available."; exit 1; fi',
    );
    expect(await refusal({ ...(await specFor('')), program })).toMatch(/apt install python3-venv/);
  });

  it('a package index that cannot be reached', async () => {
    const spec = await specFor('mlrb-there-is-no-such-package==1.0\n');
    const pipArgs = '--index-url http://127.0.0.1:9/simple --retries 1 --timeout 2';
    const sentence = await refusal({ ...spec, pipArgs });
    expect(sentence).toMatch(/The package index cannot be reached\. Check the network/);
    const log = /The whole output is in (.*)\.$/.exec(sentence)?.[1] ?? '';
    expect(readFileSync(log, 'utf8')).toContain('mlrb-there-is-no-such-package');
  });

  it('a package that has no build for this machine', async () => {
    const spec = await specFor('mlrb-there-is-no-such-package==1.0\n');
    expect(await refusal({ ...spec, pipArgs: '--no-index' })).toMatch(
      /has no build for this Python and machine/,
    );
  });

  it('a full disk', async () => {
    const spec = await specFor(`${sources}\n`);
    await mkdir(join(folder, 'full'));
    expect(await refusal(spec)).toMatch(/The disk is full\. Free some space/);
    expect(await findPythonEnvironment(spec)).toBeUndefined();
  });

  it('a home that is a file', async () => {
    const spec = await specFor('');
    await writeFile(join(folder, 'file'), '');
    expect(await refusal({ ...spec, home: join(folder, 'file') })).toMatch(
      /cannot be made or written .*--home or MLRB_HOME/,
    );
  });

  it('a library that does not start', async () => {
    const spec = await specFor(`${sources}\n`);
    expect(await refusal({ ...spec, imports: ['tiny', 'nothing_of_this_name'] })).toMatch(
      /Read the end of its log/,
    );
  });
});

function ensure(spec: PythonSpec, steps: PythonProgress[] = []) {
  const signal = new AbortController().signal;
  return ensurePythonEnvironment({ ...spec, signal, onProgress: step => steps.push(step) });
}

async function refusal(spec: PythonSpec): Promise<string> {
  const error = await ensure(spec).then(
    () => expect.fail('the environment was made'),
    reason => reason,
  );
  expect(error).toBeInstanceOf(ConfigError);
  return error.message;
}

async function specFor(requirements: string): Promise<PythonSpec> {
  const path = join(folder, 'requirements.txt');
  await writeFile(path, `# made by the test\n${requirements}`);
  const home = join(folder, 'home');
  return { home, program: 'python3', pipArgs: '--no-index', requirements: path, imports: ['tiny'] };
}

/** The same call in another process, by the built package. */
function maker(spec: PythonSpec) {
  const module = pathToFileURL(join(PACKAGE_ROOT, 'dist', 'lib', 'python-environment.js'));
  const code = `
    import { ensurePythonEnvironment } from '${module}';
    await ensurePythonEnvironment({
      ...${JSON.stringify(spec)}, signal: new AbortController().signal, onProgress: step => console.log(step.text),
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', chunk => {
    text += chunk;
  });
  const ended = once(child, 'exit').then(([status]) => status);
  return { child, output: () => text, ended };
}

/** A package as source whose build needs no network, waits while the folder `stall` is there, and fails while `full` is. */
async function makePackage(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await writeFile(
    join(path, 'pyproject.toml'),
    '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "tiny"\nversion = "1.0"\n',
  );
  await writeFile(
    join(path, 'backend.py'),
    `import os, time, zipfile
ROOT = ${JSON.stringify(folder)}
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(os.path.join(ROOT, "building"), "a") as marks:
        marks.write("x")
    while os.path.exists(os.path.join(ROOT, "stall")):
        time.sleep(0.05)
    if os.path.exists(os.path.join(ROOT, "full")):
        raise OSError(28, os.strerror(28))
    name = "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info/"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("tiny/__init__.py", "ANSWER = 42\\n")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "tiny/__init__.py,,\\n" + info + "METADATA,,\\n" + info + "WHEEL,,\\n" + info + "RECORD,,\\n")
    return name
`,
  );
  return path;
}

/** How often the package was built. */
async function builds(): Promise<number> {
  return readFileSync(join(folder, 'building'), 'utf8').length;
}

async function script(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Living processes whose command line has the text in it. */
async function processesNaming(text: string): Promise<string[]> {
  const lines = execFileSync('ps', ['-eo', 'stat=,command='], { encoding: 'utf8' }).split('\n');
  return lines.filter(line => line.includes(text) && !line.startsWith('Z'));
}
