import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError, LimitError, SandboxError } from '../../src/errors.js';
import { ExecutorClient } from '../../src/sandbox/executor/executor-client.js';
import {
  EXECUTOR_PROGRAM,
  type ExecutorSettings,
  executorArguments,
} from '../../src/sandbox/executor/executor-program.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import type { SandboxSpec } from '../../src/sandbox/sandbox.js';
import { fullDiskContract } from '../contract/full-disk.js';
import {
  makeRun,
  newJobId,
  runScript,
  sandboxContract,
  startScript,
  startUntilReady,
  waitFor,
} from '../contract/sandbox.js';

const makeBackend = (): LocalBackend => new LocalBackend({ python: async () => 'python3' });
const backend = makeBackend();
const options = { signal: new AbortController().signal };
const onLinux = process.platform === 'linux';

sandboxContract('the local sandbox', makeBackend);

interface State {
  readonly pid: number;
  readonly socket: string;
  readonly ended: string | null;
}

async function stateOf({ run_folder }: SandboxSpec): Promise<State> {
  return JSON.parse(await readFile(join(run_folder, 'sandbox', 'executor.json'), 'utf8'));
}

/** Processes of this host that carry the run's id, the executor included. */
async function processesOf({ run_id }: SandboxSpec): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const environments = await Promise.all(
    pids.map(pid => readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')),
  );
  return pids.filter((_, n) => environments[n]?.split('\0').includes(`MLRB_RUN_ID=${run_id}`)).map(Number);
}

/** The main process of a job: one that carries no name of the run, if the job cleared its environment. */
async function pidOf({ run_folder }: SandboxSpec, jobId: string): Promise<number> {
  return JSON.parse(await readFile(join(run_folder, 'jobs', `${jobId}.json`), 'utf8')).pid;
}

/** Looks again until it is so; the test's own time limit ends it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await pause(20);
}

/** Whether the process runs; one that is dead and only not yet collected by its parent does not. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !onLinux || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

describe('the local sandbox, where it differs from others', () => {
  test('says that it isolates nothing', () => {
    expect(backend.networkFor()).toBe('unrestricted');
    expect(backend.warning).toMatch(/isolates nothing/);
  });

  test('lays everything out in the run folder, with data that cannot be written', async () => {
    await using run = await makeRun(backend);
    const { workspace, data } = backend.pathsFor(run.spec);
    expect(run.sandbox.paths).toEqual({ workspace, data });
    expect(workspace).toBe(join(run.spec.run_folder, 'workspace'));
    expect((await stat(join(data, 'below', 'more.txt'))).mode & 0o777).toBe(0o444);
    const { socket } = await stateOf(run.spec);
    expect((await stat(socket)).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
  });

  test('needs no data', async () => {
    await using run = await makeRun(backend);
    await run.sandbox.end('run_ended');
    const spec = {
      ...run.spec,
      run_id: `${run.spec.run_id}n`,
      run_folder: join(run.spec.run_folder, 'other'),
      data_folder: null,
    };
    await using sandbox = await backend.create(spec, options);
    expect((await sandbox.listFiles({ path: sandbox.paths.data, depth: 1 }, options)).entries).toEqual([]);
    await backend.destroy(spec);
  });

  test('tells the operator when there is no usable Python', async () => {
    const broken = new LocalBackend({ python: async () => '/no/such/python' });
    const made = makeRun(broken);
    await expect(made).rejects.toBeInstanceOf(ConfigError);
    await expect(made).rejects.toThrow(/Run `mlrb setup`/);
  });

  test('gives jobs an environment of its own making and nothing of the server', async () => {
    process.env.MLRB_TEST_SECRET = 'hidden';
    await using run = await makeRun(backend);
    const { output } = await runScript(run.sandbox, 'env');
    delete process.env.MLRB_TEST_SECRET;
    const values = Object.fromEntries(
      output
        .trim()
        .split('\n')
        .map(line => line.split(/=(.*)/s).slice(0, 2)),
    );
    const own = join(run.spec.run_folder, 'sandbox');
    const workspace = join(run.spec.run_folder, 'workspace');
    expect(values).toMatchObject({
      HOME: workspace,
      LC_CTYPE: 'C.UTF-8',
      TERM: 'dumb',
      PYTHONUNBUFFERED: '1',
      TMPDIR: join(own, 'tmp'),
      VIRTUAL_ENV: join(own, 'venv'),
      HF_HOME: join(workspace, '.cache', 'huggingface'),
      MLRB_RUN_ID: run.spec.run_id,
    });
    expect(values.PATH).toBe(`${join(own, 'venv', 'bin')}:/usr/local/bin:/usr/bin:/bin`);
    const known =
      /^(PATH|HOME|PWD|TMPDIR|LC_CTYPE|TERM|PYTHONUNBUFFERED|VIRTUAL_ENV|HF_HOME|PIP_DISABLE_PIP_VERSION_CHECK|MLRB_RUN_ID|MLRB_JOB_ID|SHLVL|_)$/;
    expect(Object.keys(values).filter(name => !known.test(name))).toEqual([]);
  });

  test('has a Python of the run: what it installs stays in the run', async () => {
    await using run = await makeRun(backend);
    const { output } = await runScript(
      run.sandbox,
      `for name in python python3 pip; do command -v $name; done
       python -c 'import sys, sysconfig; print(sys.prefix); print(sysconfig.get_path("purelib")); print(sys.prefix != sys.base_prefix)'`,
    );
    const venv = join(run.spec.run_folder, 'sandbox', 'venv');
    const lines = output.trim().split('\n');
    expect(lines.slice(0, 4)).toEqual([
      ...['python', 'python3', 'pip'].map(name => join(venv, 'bin', name)),
      venv,
    ]);
    expect(lines[4]?.startsWith(join(venv, 'lib'))).toBe(true);
    expect(lines[5]).toBe('True');
  });

  test.runIf(hasPip())('installs packages into the run and nowhere else', async () => {
    await using run = await makeRun(backend);
    const { output, exit_code } = await runScript(
      run.sandbox,
      `python - <<'END'
import zipfile
with zipfile.ZipFile("mlrbtest-1.0-py3-none-any.whl", "w") as wheel:
    wheel.writestr("mlrbtest.py", "print(__file__)")
    wheel.writestr("mlrbtest-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: mlrbtest\\nVersion: 1.0\\n")
    wheel.writestr("mlrbtest-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr("mlrbtest-1.0.dist-info/RECORD", "")
END
pip install --quiet --no-index ./mlrbtest-1.0-py3-none-any.whl && python -c 'import mlrbtest'`,
    );
    expect(exit_code, output).toBe(0);
    expect(output).toContain(join(run.spec.run_folder, 'sandbox', 'venv', 'lib'));
    expect(() => execFileSync('python3', ['-c', 'import mlrbtest'], { stdio: 'ignore' })).toThrow();
  });

  test('imports what the shared environment has', async () => {
    const shared = execFileSync('python3', ['-I', '-c', 'import site; print(site.getsitepackages()[0])'], {
      encoding: 'utf8',
    }).trim();
    await using run = await makeRun(backend);
    const { output } = await runScript(run.sandbox, `python -c 'import sys; print("\\n".join(sys.path))'`);
    const paths = output.trim().split('\n');
    const own = paths.findIndex(path => path.startsWith(join(run.spec.run_folder, 'sandbox', 'venv')));
    expect(own).toBeGreaterThan(0);
    if (existsSync(shared)) expect(paths.indexOf(shared)).toBeGreaterThan(own);
  });

  test('takes Python 3.8 for its executor to read', () => {
    const check = 'import ast, sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3, 8))';
    execFileSync('python3', ['-c', check, EXECUTOR_PROGRAM]);
  });
});

describe('the executor of a local sandbox', () => {
  test('is started once by servers that come at the same time', async () => {
    await using run = await makeRun(backend);
    const { pid } = await stateOf(run.spec);
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid));
    const sandboxes = await Promise.all(
      Array.from({ length: 4 }, () => makeBackend().attach(run.spec, 100, options)),
    );
    const jobs = await Promise.all(sandboxes.map(sandbox => runScript(sandbox, 'echo $PPID')));
    expect(new Set(jobs.map(job => job.output.trim()))).toEqual(
      new Set([String((await stateOf(run.spec)).pid)]),
    );
    await Promise.all(sandboxes.map(sandbox => sandbox[Symbol.asyncDispose]()));
  });

  test('outlives the server that started it, killed at any moment', async () => {
    await using run = await makeRun(backend);
    await run.sandbox.end('run_ended');
    const spec = {
      ...run.spec,
      run_id: `${run.spec.run_id}k`,
      run_folder: join(run.spec.run_folder, 'killed'),
    };
    const server = startServer(spec, 100);
    const [line] = await once(createInterface(server.stdout), 'line');
    expect(line).toBe('started');
    server.kill('SIGKILL');
    await once(server, 'exit');
    await using sandbox = await backend.attach(spec, 100, options);
    expect(await waitFor(sandbox, 'job_left', 0)).toMatchObject({ state: 'running' });
    await sandbox.writeFile({ path: 'go', text: '' }, options);
    expect(await waitFor(sandbox, 'job_left')).toMatchObject({
      state: 'exited',
      output: 'ready\nsurvived\n',
    });
    await backend.destroy(spec);
  });

  test.runIf(onLinux)('keeps the deadline with no server alive, daemons included', async () => {
    await using run = await makeRun(backend);
    await run.sandbox.end('run_ended');
    const spec = {
      ...run.spec,
      run_id: `${run.spec.run_id}d`,
      run_folder: join(run.spec.run_folder, 'alone'),
    };
    const server = startServer(spec, 3);
    await once(createInterface(server.stdout), 'line');
    server.kill('SIGKILL');
    expect((await processesOf(spec)).length).toBeGreaterThan(2);
    await until(async () => (await processesOf(spec)).length === 0);
    const record = JSON.parse(await readFile(join(spec.run_folder, 'jobs', 'job_left.json'), 'utf8'));
    expect(record).toMatchObject({ state: 'cancelled', ended_by: 'deadline' });
    expect(await stateOf(spec)).toMatchObject({ ended: 'deadline' });
    await expect(backend.attach(spec, 50, options)).rejects.toThrow(/time of this run is up/);
  });

  test.runIf(onLinux)(
    'that was killed is replaced by the next call, and its jobs are lost, not running on',
    async () => {
      await using run = await makeRun(backend);
      const done = await runScript(run.sandbox, 'echo kept');
      const job = await startUntilReady(
        run.sandbox,
        '(setsid sleep 1000 &); echo ready; exec env -i sleep 1000',
      );
      const { pid } = await stateOf(run.spec);
      const nameless = await pidOf(run.spec, job.job_id);
      const before = await processesOf(run.spec);
      process.kill(pid, 'SIGKILL');
      const lost = await waitFor(run.sandbox, job.job_id);
      expect(lost).toMatchObject({ state: 'lost', exit_code: null, exit_signal: null, output: 'ready\n' });
      expect(await waitFor(run.sandbox, done.job_id)).toMatchObject({
        state: 'exited',
        exit_code: 0,
        output: 'kept\n',
      });
      expect(before).toContain(pid);
      expect([...before, nameless].filter(isAlive)).toEqual([]);
      expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
      const { jobs } = await run.sandbox.listJobs(10, options);
      expect(jobs.slice(1).map(({ job_id, state }) => [job_id, state])).toEqual([
        [job.job_id, 'lost'],
        [done.job_id, 'exited'],
      ]);
    },
  );

  test('that was killed after the time was up is not replaced', async () => {
    await using run = await makeRun(backend);
    process.kill((await stateOf(run.spec)).pid, 'SIGKILL');
    await expect(backend.attach(run.spec, 0, options)).rejects.toBeInstanceOf(LimitError);
  });

  test('that was killed in a call is found again without acting twice', async () => {
    await using run = await makeRun(backend);
    const job_id = newJobId();
    const script = 'echo once >> counted; echo ready; sleep 1000';
    const starting = runScript(run.sandbox, script, { job_id });
    await until(() => existsSync(join(run.spec.run_folder, 'workspace', 'counted')));
    process.kill((await stateOf(run.spec)).pid, 'SIGKILL');
    expect(await starting).toMatchObject({ job_id, state: 'lost' });
    expect(await readFile(join(run.spec.run_folder, 'workspace', 'counted'), 'utf8')).toBe('once\n');
  });

  test.runIf(onLinux)(
    'is ended by destroy even when it is dead or hangs, with all that it started',
    async () => {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        await using run = await makeRun(backend);
        const { job_id } = await startUntilReady(
          run.sandbox,
          '(setsid sleep 1000 &); echo ready; exec env -i sleep 1000',
        );
        const { pid } = await stateOf(run.spec);
        const nameless = await pidOf(run.spec, job_id);
        process.kill(pid, signal);
        await (signal === 'SIGSTOP' ? sweepWithoutPatience(run.spec) : backend.destroy(run.spec));
        expect(await processesOf(run.spec)).toEqual([]);
        expect(isAlive(nameless)).toBe(false);
        await expect(backend.attach(run.spec, 50, options)).rejects.toThrow(/This run is over/);
        await backend.destroy(run.spec);
      }
    },
  );

  test.runIf(onLinux)(
    'leaves no process at the end, not even one that forked twice into a session of its own',
    async () => {
      await using run = await makeRun(backend);
      await runScript(run.sandbox, '(setsid bash -c "(setsid sleep 1000 &)" &)');
      await startUntilReady(run.sandbox, 'trap "" TERM; echo ready; while :; do sleep 0.05 & done');
      expect((await processesOf(run.spec)).length).toBeGreaterThan(2);
      await run.sandbox.end('run_ended');
      expect(await processesOf(run.spec)).toEqual([]);
    },
  );

  test('told to stop by the system ends its jobs, and may be followed by another', async () => {
    await using run = await makeRun(backend);
    const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
    const { pid } = await stateOf(run.spec);
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid));
    expect(await waitFor(run.sandbox, job.job_id)).toMatchObject({
      state: 'cancelled',
      ended_by: 'run_ended',
    });
    expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
  });

  test.runIf(onLinux)(
    'ends with all its jobs when the folder of its run is removed, and makes nothing anew',
    async () => {
      await using run = await makeRun(backend);
      await startUntilReady(run.sandbox, '(setsid sleep 1000 &); echo ready; exec env -i sleep 1000');
      const waiting = startScript(run.sandbox, 'sleep 1000', { wait_ms: 30_000 });
      await runScript(run.sandbox, 'true');
      await rm(run.spec.run_folder, { recursive: true });
      expect(await waiting).toMatchObject({ state: 'cancelled', ended_by: 'run_ended' });
      await until(async () => (await processesOf(run.spec)).length === 0);
      expect(existsSync(run.spec.run_folder)).toBe(false);
    },
  );

  test('goes on when its state file alone is removed, and writes it anew', async () => {
    await using run = await makeRun(backend);
    const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
    const state = await stateOf(run.spec);
    await rm(join(run.spec.run_folder, 'sandbox', 'executor.json'));
    await until(() => existsSync(join(run.spec.run_folder, 'sandbox', 'executor.json')));
    expect(await stateOf(run.spec)).toEqual(state);
    expect(await waitFor(run.sandbox, job.job_id, 0)).toMatchObject({ state: 'running' });
  });

  test('makes its socket again when someone removes it', async () => {
    await using run = await makeRun(backend);
    const { pid, socket } = await stateOf(run.spec);
    execFileSync('rm', [socket]);
    await using other = await makeBackend().attach(run.spec, 100, options);
    expect((await runScript(other, 'echo $PPID')).output.trim()).toBe(String(pid));
  });

  test.runIf(onLinux)('that hangs is not replaced, so that its jobs live on until it is back', async () => {
    await using run = await makeRun(backend);
    const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
    const { pid, socket } = await stateOf(run.spec);
    process.kill(pid, 'SIGSTOP');
    execFileSync('rm', [socket]);
    const attaching = makeBackend().attach(run.spec, 100, options);
    await expect(attaching).rejects.toThrow(/does not answer/);
    await expect(attaching).rejects.toBeInstanceOf(SandboxError);
    process.kill(pid, 'SIGCONT');
    await using other = await makeBackend().attach(run.spec, 100, options);
    expect(await waitFor(other, job.job_id, 0)).toMatchObject({ state: 'running' });
  });

  test.runIf(onLinux)('that hangs in the middle of a call is told from one that waits', async () => {
    await using run = await makeRun(backend);
    const slow = await startScript(run.sandbox, 'sleep 4; echo done');
    expect(await waitFor(run.sandbox, slow.job_id)).toMatchObject({ state: 'exited', output: 'done\n' });
    const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
    const { pid } = await stateOf(run.spec);
    const waiting = waitFor(run.sandbox, job.job_id, 600_000);
    process.kill(pid, 'SIGSTOP');
    await expect(waiting).rejects.toThrow(/does not answer. Try again/);
    process.kill(pid, 'SIGCONT');
    expect(await waitFor(run.sandbox, job.job_id, 0)).toMatchObject({ state: 'running' });
  });

  test.runIf(onLinux)('is not mistaken for another process that got its number', async () => {
    await using run = await makeRun(backend);
    const { pid } = await stateOf(run.spec);
    process.kill(pid, 'SIGKILL');
    const path = join(run.spec.run_folder, 'sandbox', 'executor.json');
    await writeFile(path, JSON.stringify({ ...(await stateOf(run.spec)), pid: process.pid }));
    expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
  });

  test('is reported as a failure of the sandbox when it cannot start', async () => {
    await using run = await makeRun(backend);
    await run.sandbox.end('run_ended');
    const spec = { ...run.spec, run_folder: join(run.spec.run_folder, 'blocked') };
    await mkdir(spec.run_folder);
    await writeFile(join(spec.run_folder, 'jobs'), 'a file where a folder belongs');
    const made = backend.create(spec, options);
    await expect(made).rejects.toBeInstanceOf(SandboxError);
    await expect(made).rejects.toThrow(/did not start.*executor\.log/);
  });

  test('passes over damaged job records', async () => {
    await using run = await makeRun(backend);
    const good = await runScript(run.sandbox, 'echo good');
    process.kill((await stateOf(run.spec)).pid, 'SIGKILL');
    const jobs = join(run.spec.run_folder, 'jobs');
    await writeFile(join(jobs, 'job_half.json'), '{"job_id": "job_ha');
    await writeFile(join(jobs, 'job_odd.json'), '[1, 2]');
    const { jobs: listed } = await run.sandbox.listJobs(10, options);
    expect(listed.map(job => job.job_id)).toEqual([good.job_id]);
  });
});

fullDiskContract('the local sandbox', makeBackend);

describe('the protocol of the executor', () => {
  test('answers a repeated request id again without acting again', async () => {
    await using run = await makeRun(backend);
    const talk = await openLine((await stateOf(run.spec)).socket);
    await run.sandbox.writeFile({ path: 'code', text: 'a\n' }, options);
    const edit = { path: 'code', target: 'a', replacement: 'aa', where: 'instead', all: false };
    const first = await talk.ask({ id: 'n:1', op: 'edit', args: edit });
    expect(first).toMatchObject({ id: 'n:1', result: { occurrences: 1 } });
    const other = await openLine((await stateOf(run.spec)).socket);
    expect(await other.ask({ id: 'n:1', op: 'edit', args: edit })).toEqual(first);
    expect((await run.sandbox.readFile({ path: 'code', start_line: 1, max_bytes: 10 }, options)).text).toBe(
      'aa',
    );
    talk.close();
    other.close();
  });

  test('passes over blank, garbled and half lines', async () => {
    await using run = await makeRun(backend);
    const talk = await openLine((await stateOf(run.spec)).socket);
    talk.send('\n\n{"id": 3}\nnull\n[]\n{"id":"half","op":"hel\n\xff\xfe\n');
    expect(await talk.ask({ id: 'n:1', op: 'hello', args: {} })).toMatchObject({
      id: 'n:1',
      result: { version: 1 },
    });
    expect(await talk.ask({ id: 'n:2', op: 'fly', args: {} })).toMatchObject({
      id: 'n:2',
      error: { kind: 'sandbox' },
    });
    expect(await talk.ask({ id: 'n:3', op: 'read', args: {} })).toMatchObject({
      id: 'n:3',
      error: { kind: 'sandbox' },
    });
    talk.close();
    expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
  });

  test('loses only its own calls with a connection', async () => {
    await using run = await makeRun(backend);
    const { socket } = await stateOf(run.spec);
    const client = await ExecutorClient.connect(socket, run.spec.run_id, options);
    const { job_id } = await startScript(run.sandbox, 'sleep 1000');
    const waiting = client.request('wait', { job_id, cursor: null, wait_ms: 30_000, max_bytes: 10 }, options);
    client.close();
    await expect(waiting).rejects.toBeInstanceOf(SandboxError);
    expect((await waitFor(run.sandbox, job_id, 0)).state).toBe('running');
    await expect(ExecutorClient.connect(socket, 'run_other', options)).rejects.toBeInstanceOf(SandboxError);
    await expect(ExecutorClient.connect(`${socket}.no`, run.spec.run_id, options)).rejects.toBeInstanceOf(
      SandboxError,
    );
  });

  test('works over standard streams that several clients share', async () => {
    await using run = await makeRun(backend);
    await run.sandbox.end('run_ended');
    const settings = await streamSettings(run.spec, 60);
    const program = spawn('python3', executorArguments('serve', settings), {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const answers = answersFrom(program);
    // One client dies halfway through a line; another begins with a newline, and a third talks in between.
    program.stdin.write('{"id":"dead:1","op":"st');
    program.stdin.write(
      '\n{"id":"b:1","op":"start","args":{"job_id":"j","argv":["echo","hi"],"command":null,"wait_ms":9000,"max_bytes":99}}\n',
    );
    program.stdin.write('\n{"id":"c:1","op":"usage","args":{}}\n');
    const seen = [await answers.next(), await answers.next()].map(answer => JSON.parse(String(answer.value)));
    expect(Object.fromEntries(seen.map(({ id, result }) => [id, result]))).toMatchObject({
      'b:1': { state: 'exited', output: 'hi\n' },
      'c:1': { disk_limit_bytes: 1e8 },
    });
    program.stdin.write('{"id":"c:2","op":"end","args":{"reason":"run_ended"}}\n');
    expect(JSON.parse(String((await answers.next()).value))).toEqual({ id: 'c:2', result: {} });
    expect(await once(program, 'exit')).toEqual([0, null]);
  });

  test.each([3600, -3600])(
    'keeps the deadline though the clock of the host is set by %i s in the middle',
    async shift => {
      await using run = await makeRun(backend);
      await run.sandbox.end('run_ended');
      const settings = await streamSettings(run.spec, 3);
      // What any process is told as the time is changed a second after its start; there is no other clock to change for one alone.
      const wrapped = `import runpy, sys, time
wall, began = time.time, time.monotonic()
time.time = lambda: wall() + (${shift} if time.monotonic() - began > 1 else 0)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")`;
      const [, , , ...args] = executorArguments('serve', settings);
      const program = spawn('python3', ['-I', '-S', '-B', '-c', wrapped, ...args], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const answers = answersFrom(program);
      program.stdin.write(
        '{"id":"a:1","op":"start","args":{"job_id":"j","argv":["sleep","1000"],"command":null,"wait_ms":50000,"max_bytes":99}}\n',
      );
      const { result } = JSON.parse(String((await answers.next()).value));
      expect(result).toMatchObject({ state: 'cancelled', ended_by: 'deadline' });
      expect(result.seconds).toBeGreaterThan(1.5);
      expect(await once(program, 'exit')).toEqual([0, null]);
    },
  );
});

/** For an executor that talks over its standard streams. */
async function streamSettings(
  { run_id, run_folder }: SandboxSpec,
  seconds: number,
): Promise<ExecutorSettings> {
  const at = (name: string): string => join(run_folder, 'streams', name);
  await mkdir(at('workspace'), { recursive: true });
  return {
    run_id: `${run_id}s`,
    workspace: at('workspace'),
    data: null,
    jobs_folder: at('jobs'),
    state_file: at('executor.json'),
    quota_folders: [at('workspace')],
    disk_limit_bytes: 1e8,
    environment: { PATH: '/usr/bin:/bin' },
    seconds,
    socket: null,
  };
}

/** A program of its own that makes a sandbox, leaves a job and a daemon in it, and says so. */
function startServer(spec: SandboxSpec, seconds: number): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const program = fileURLToPath(new URL('./sandbox-server.ts', import.meta.url));
  const changed = { ...spec, limits: { ...spec.limits, wall_clock_s: seconds } };
  const server = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(changed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return server;
}

/** What destroy does once it has waited for an executor that hangs. */
async function sweepWithoutPatience(spec: SandboxSpec): Promise<void> {
  const path = join(spec.run_folder, 'sandbox', 'executor.json');
  const state = await stateOf(spec);
  await writeFile(path, JSON.stringify({ ...state, socket: `${state.socket}.gone` }));
  await backend.destroy(spec);
}

async function openLine(path: string) {
  const socket = connect(path);
  await once(socket, 'connect');
  const lines = createInterface(socket)[Symbol.asyncIterator]();
  return {
    send: (text: string) => socket.write(Buffer.from(text, 'latin1')),
    ask: async (request: object): Promise<unknown> => {
      socket.write(`${JSON.stringify(request)}\n`);
      return JSON.parse((await lines.next()).value);
    },
    close: () => socket.destroy(),
  };
}

function answersFrom({ stdout }: { readonly stdout: NodeJS.ReadableStream }): AsyncIterator<string> {
  return createInterface(stdout)[Symbol.asyncIterator]();
}

function hasPip(): boolean {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
