import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ConfigError, LimitError } from '../../src/errors.js';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';
import type { SandboxSpec } from '../../src/sandbox/sandbox.js';
import { fullDiskContract } from '../contract/full-disk.js';
import {
  makeRun,
  newJobId,
  runScript,
  sandboxContract,
  startScript,
  startUntilReady,
  type TestRun,
  waitFor,
} from '../contract/sandbox.js';
import { docker, dockerBackend, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

const HOME = '/test-home';
const MB = 1_000_000;
const makeBackend = (): DockerBackend => dockerBackend(HOME);
const backend = makeBackend();
const options = { signal: new AbortController().signal };

describe.skipIf(dockerLack)(needsDocker('with Docker'), () => {
  sandboxContract('the Docker sandbox', makeBackend);
  fullDiskContract('the Docker sandbox', makeBackend);

  describe('the Docker sandbox, where it differs from others', () => {
    test('shows the contestant the same paths whatever the host calls them', async () => {
      await using run = await makeRun(backend);
      expect(run.sandbox.paths).toEqual({ workspace: '/workspace', data: '/data' });
      expect(backend.pathsFor()).toEqual(run.sandbox.paths);
      expect(backend.networkFor('none')).toBe('none');
      expect(backend.warning).toBeNull();
      await runScript(run.sandbox, 'echo text > file');
      const file = await stat(join(run.spec.run_folder, 'workspace', 'file'));
      expect(file.uid).not.toBe(0);
    });

    test('gives jobs the environment of the image and nothing of the server', async () => {
      process.env.MLRB_TEST_SECRET = 'hidden-canary';
      await using run = await makeRun(backend);
      delete process.env.MLRB_TEST_SECRET;
      const { output } = await runScript(
        run.sandbox,
        'env; cat /proc/*/environ 2>/dev/null | tr "\\0" "\\n"',
      );
      expect(output).toContain('HOME=/workspace');
      expect(output).toContain('SSL_CERT_FILE=');
      expect(output).not.toContain('hidden-canary');
      expect(docker('inspect', nameOf(run.spec))).not.toContain('hidden-canary');
    });

    test('works where the path of the run is longer than a socket may have', async () => {
      await using run = await makeRun(backend);
      const spec = renamed(run, 'l', 'x'.repeat(120));
      await using sandbox = await backend.create(spec, options);
      expect((await runScript(sandbox, 'echo far')).output).toBe('far\n');
      await using other = await makeBackend().attach(spec, 100, options);
      expect((await runScript(other, 'echo off')).output).toBe('off\n');
      await backend.destroy(spec);
    });

    test('begins a job the same way where the image lacks what changes the user', async () => {
      const image = changedImage('no-setpriv', ['rm', '/usr/bin/setpriv']);
      try {
        const facts = await Promise.all([factsOf(backend), factsOf(dockerBackend(HOME, image))]);
        expect(facts[1]).toEqual(facts[0]);
        expect(facts[0]?.slice(0, 6)).toEqual(['bash', '/workspace', '0', '1', '2', 'own own 10']);
      } finally {
        docker('image', 'rm', image);
      }
    });

    test('reads the file that BASH_ENV of the image names when a script begins, not before', async () => {
      const image = changedImage('bash-env', ['true'], 'ENV BASH_ENV=/workspace/begin.sh');
      try {
        await using run = await makeRun(dockerBackend(HOME, image));
        for (const word of ['once', 'again', 'more']) {
          await run.sandbox.writeFile({ path: 'begin.sh', text: `echo ${word}` }, options);
          expect((await runScript(run.sandbox, 'echo then')).output).toBe(`${word}\nthen\n`);
        }
      } finally {
        docker('image', 'rm', image);
      }
    });

    test('hands a command on as it is', async () => {
      await using run = await makeRun(backend);
      const odd = [
        "it's",
        '"$HOME" `id` \\ \\n',
        'two\nlines\n',
        '\ttab ',
        '-n',
        '~',
        'a=b;c&d|e#',
        'grüße 测试 🦉',
        '',
      ];
      const { output } = await runScript(run.sandbox, '', { argv: ['printf', '<%s>', ...odd] });
      expect(output).toBe(odd.map(part => `<${part}>`).join(''));
      const long = 'x'.repeat(100_000);
      expect((await runScript(run.sandbox, `echo ${long} | wc -c`)).output).toBe('100001\n');
    });

    test('runs a program of the contestant only if the contestant may', async () => {
      await using run = await makeRun(backend);
      const start = (name: string) => runScript(run.sandbox, '', { argv: [name] });
      await runScript(
        run.sandbox,
        'printf "#!/bin/sh\necho ran\n" > tool; chmod 0700 tool; mkdir bin; cp tool bin/',
      );
      expect((await start('./tool')).output).toBe('ran\n');
      expect((await start('bin/tool')).output).toBe('ran\n');
      await runScript(run.sandbox, 'chmod 0077 tool; chmod 0 bin');
      for (const name of ['./tool', 'bin/tool', './bin', '/run/mlrb/executor.py'])
        await expect(start(name)).rejects.toThrow(/is not a program that can be run/);
      await expect(start('tool/x')).rejects.toThrow(/There is no program "tool\/x"/);
      await expect(start('')).rejects.toThrow(/There is no program ""/);
    });

    test('ends with all its jobs when the folder of its run is removed', async () => {
      await using run = await makeRun(backend);
      await startUntilReady(run.sandbox, '(setsid sleep 1000 &); echo ready; exec sleep 1000');
      await rm(run.spec.run_folder, { recursive: true });
      expect(docker('wait', nameOf(run.spec))).toBe('0');
      docker('rm', nameOf(run.spec)); // as `mlrb cleanup` does
    });

    test('leaves no container behind at the end', async () => {
      await using run = await makeRun(backend);
      expect(isThere(run.spec)).toBe(true);
      await run.sandbox.end('run_ended');
      expect(isThere(run.spec)).toBe(false);
      await backend.destroy(run.spec);
    });
  });

  describe('what can go wrong', () => {
    test('no engine answers', async () => {
      const made = makeRun(
        new DockerBackend({ socket: '/no/such.sock', image: async () => 'x', home: HOME }),
      );
      await expect(made).rejects.toBeInstanceOf(ConfigError);
      await expect(made).rejects.toThrow(/Docker does not answer at \/no\/such\.sock\. Start its engine/);
    });

    test('the image is not there', async () => {
      const made = makeRun(dockerBackend(HOME, 'mlrb-no-such-image:1'));
      await expect(made).rejects.toBeInstanceOf(ConfigError);
      await expect(made).rejects.toThrow(/image mlrb-no-such-image:1 is not on this host.*setup --docker/);
    });

    test('the image has no python3', async () => {
      const image = `mlrb-test-empty:${process.pid}`;
      execFileSync('bash', ['-c', `tar -c --files-from /dev/null | docker import - ${image}`], {
        stdio: 'ignore',
      });
      try {
        const made = makeRun(dockerBackend(HOME, image));
        await expect(made).rejects.toBeInstanceOf(ConfigError);
        await expect(made).rejects.toThrow(/has no python3/);
      } finally {
        docker('image', 'rm', image);
      }
    });

    test('the name of the container is taken by another, which is left alone', async () => {
      await using run = await makeRun(backend);
      const spec = renamed(run, 't', 'taken');
      const id = docker('create', '--name', nameOf(spec), TEST_IMAGE, 'true');
      try {
        const made = backend.create(spec, options);
        await expect(made).rejects.toBeInstanceOf(ConfigError);
        await expect(made).rejects.toThrow(/name mlrb-run_\w+ is taken/);
        expect(docker('inspect', '--format', '{{.Id}}', nameOf(spec))).toBe(id);
      } finally {
        docker('rm', '--force', id);
      }
    });

    test('the container was renamed by hand: it is found by its label, and ends with the run', async () => {
      await using run = await makeRun(backend);
      const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
      docker('rename', nameOf(run.spec), `renamed-${run.spec.run_id}`);
      const other = makeBackend();
      await using sandbox = await other.attach(run.spec, 100, options);
      expect(await waitFor(sandbox, job.job_id, 0)).toMatchObject({ state: 'running' });
      await backend.destroy(run.spec);
      expect(docker('ps', '--all', '--quiet', '--filter', `label=mlrb.run=${run.spec.run_id}`)).toBe('');
    });

    test.each(['rm --force', 'kill'])(
      'the container is gone (docker %s): its jobs are lost, the run goes on',
      async how => {
        await using run = await makeRun(backend);
        const done = await runScript(run.sandbox, 'echo kept');
        const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
        docker(...how.split(' '), nameOf(run.spec));
        expect(await waitFor(run.sandbox, job.job_id)).toMatchObject({ state: 'lost', output: 'ready\n' });
        expect(await waitFor(run.sandbox, done.job_id)).toMatchObject({ state: 'exited', output: 'kept\n' });
        expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
        const { seconds_left } = await run.sandbox.usage(options);
        expect(seconds_left).toBeLessThan(run.spec.limits.wall_clock_s);
      },
    );

    test('the container is gone when the time is up: no other one is made', async () => {
      await using run = await makeRun(backend);
      docker('rm', '--force', nameOf(run.spec));
      await expect(backend.attach(run.spec, 0, options)).rejects.toBeInstanceOf(LimitError);
      expect(isThere(run.spec)).toBe(false);
    });

    test('the container is made anew with the time that was left, whatever the clock of the server says', async () => {
      await using run = await makeRun(backend);
      for (const said of [100_000, 1]) {
        docker('rm', '--force', nameOf(run.spec));
        expect(await backend.timeLeft(run.spec)).toBeGreaterThan(200);
        await using sandbox = await makeBackend().attach(run.spec, said, options);
        const { seconds_left } = await sandbox.usage(options);
        expect(seconds_left).toBeLessThan(run.spec.limits.wall_clock_s);
        expect(seconds_left).toBeGreaterThan(200);
      }
    });

    test('the engine goes away in the middle of a run and comes back', async () => {
      await using engine = await engineBehindADoor();
      const through = new DockerBackend({ socket: engine.path, image: async () => TEST_IMAGE, home: HOME });
      await using run = await makeRun(through);
      const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
      await engine.close();
      // What runs can still be reached; what needs the engine says so.
      await using other = await through.attach(run.spec, 100, options);
      expect(await waitFor(other, job.job_id, 0)).toMatchObject({ state: 'running' });
      docker('kill', nameOf(run.spec)); // as an engine does that starts anew
      await expect(run.sandbox.usage(options)).rejects.toThrow(/Docker does not answer/);
      await engine.open();
      expect(await waitFor(run.sandbox, job.job_id)).toMatchObject({ state: 'lost' });
      expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
    });

    test('the run ends while the engine is away: nothing runs on, and the next end removes what is left', async () => {
      await using engine = await engineBehindADoor();
      const through = new DockerBackend({ socket: engine.path, image: async () => TEST_IMAGE, home: HOME });
      await using run = await makeRun(through);
      await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
      await engine.close();
      await run.sandbox.end('run_ended');
      await until(() => docker('ps', '--quiet', '--filter', `name=${nameOf(run.spec)}`) === '');
      await engine.open();
      await through.destroy(run.spec);
      expect(isThere(run.spec)).toBe(false);
    });

    test('a job runs out of memory: it is told so, and the run goes on', async () => {
      await using run = await makeRun(backend, { memory_bytes: 200 * MB });
      const hungry = await runScript(run.sandbox, 'exec python3 -c "x = bytearray(10**9)"');
      expect(hungry).toMatchObject({ state: 'cancelled', ended_by: 'out_of_memory', exit_signal: 'SIGKILL' });
      const inShell = await runScript(run.sandbox, 'python3 -c "x = bytearray(10**9)"; exit $?');
      expect(inShell).toMatchObject({ state: 'cancelled', ended_by: 'out_of_memory', exit_code: 137 });
      expect(await runScript(run.sandbox, 'kill -KILL $$')).toMatchObject({
        state: 'exited',
        ended_by: null,
      });
      expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
    });

    test('a fork bomb is held, can be cancelled, and the run goes on', async () => {
      await using run = await makeRun(backend);
      const bomb = await startScript(run.sandbox, 'bomb() { bomb | bomb & }; bomb; sleep 1000');
      const cgroup = await until(() => pidsOf(run.spec) > 500 && 'full');
      expect(cgroup).toBe('full');
      expect(pidsOf(run.spec)).toBeLessThanOrEqual(2048);
      await run.sandbox.writeFile({ path: 'note', text: 'still here' }, options);
      await run.sandbox.cancelJob(bomb.job_id, options);
      await until(() => pidsOf(run.spec) < 20);
      expect((await runScript(run.sandbox, 'cat note')).output).toBe('still here');
    });

    test('a contestant that kills every process it can see ends nothing but its own', async () => {
      await using run = await makeRun(backend);
      const victim = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
      await runScript(
        run.sandbox,
        'for pid in $(ls /proc | grep -E "^[0-9]+$"); do [ "$pid" = $$ ] || kill -STOP "$pid"; done 2>/dev/null; kill -KILL -1',
      );
      expect(await waitFor(run.sandbox, victim.job_id)).toMatchObject({
        state: 'exited',
        exit_signal: 'SIGKILL',
      });
      expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
    });

    test('a contestant that stops every process it can see, again and again, keeps no job from starting', async () => {
      await using run = await makeRun(backend);
      const stopper = await startUntilReady(
        run.sandbox,
        'echo ready; for i in {1..400}; do kill -STOP -1; sleep 0.005; done',
      );
      for (let n = 0; n < 20; n += 1) await startScript(run.sandbox, 'true');
      await waitFor(run.sandbox, stopper.job_id);
      expect((await runScript(run.sandbox, 'echo on')).output).toBe('on\n');
    });
  });

  describe('a pause', () => {
    test('freezes every process and the clock, whoever asks meanwhile, and takes nothing from the run', async () => {
      await using run = await makeRun(backend, { wall_clock_s: 6 });
      const job = await startUntilReady(
        run.sandbox,
        'echo ready; n=0; while :; do n=$((n + 1)); echo $n > count; sleep 0.01; done',
      );
      const count = () => readFile(join(run.spec.run_folder, 'workspace', 'count'), 'utf8');
      const { seconds_left: before } = await run.sandbox.usage(options);
      await backend.pause(run.spec);
      await backend.pause(run.spec);
      const frozen = await count();
      await expect(backend.attach(run.spec, 100, options)).rejects.toThrow(/paused by the operator/);
      await pause(6500); // longer than the run had left
      expect(await count()).toBe(frozen);
      await backend.resume(run.spec, 6.5);
      await backend.resume(run.spec, 6.5);
      expect(await waitFor(run.sandbox, job.job_id, 0)).toMatchObject({ state: 'running' });
      const { seconds_left: after } = await run.sandbox.usage(options);
      expect(after).toBeLessThanOrEqual(before);
      expect(after).toBeGreaterThan(before - 4);
      await until(async () => (await count()) !== frozen);
      expect(await waitFor(run.sandbox, job.job_id)).toMatchObject({ ended_by: 'deadline' });
    });

    test('can be ended in, and nothing of it runs on', async () => {
      await using run = await makeRun(backend);
      await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
      await backend.pause(run.spec);
      await backend.destroy(run.spec);
      expect(isThere(run.spec)).toBe(false);
    });
  });

  describe('a server that dies', () => {
    test('killed at any moment leaves jobs, their output and the remaining time to the next', async () => {
      await using run = await makeRun(backend);
      const spec = renamed(run, 'k', 'killed');
      const server = await startServer(spec, 100);
      server.kill('SIGKILL');
      await once(server, 'exit');
      await using sandbox = await backend.attach(spec, 100, options);
      expect(await waitFor(sandbox, 'job_left', 0)).toMatchObject({ state: 'running', output: 'ready\n' });
      expect((await sandbox.usage(options)).seconds_left).toBeLessThan(100);
      await sandbox.writeFile({ path: 'go', text: '' }, options);
      expect(await waitFor(sandbox, 'job_left')).toMatchObject({
        state: 'exited',
        output: 'ready\nsurvived\n',
      });
      await backend.destroy(spec);
    });

    test('does not keep the deadline from ending everything within a second', async () => {
      await using run = await makeRun(backend);
      const spec = renamed(run, 'd', 'alone');
      const began = Date.now();
      const server = await startServer(spec, 4);
      server.kill('SIGKILL');
      await until(() => docker('inspect', '--format', '{{.State.Running}}', nameOf(spec)) === 'false');
      const [from, to] = docker(
        'inspect',
        '--format',
        '{{.State.StartedAt}} {{.State.FinishedAt}}',
        nameOf(spec),
      )
        .split(' ')
        .map(Date.parse);
      expect(began).toBeLessThan(from ?? 0);
      expect(((to ?? 0) - (from ?? 0)) / 1000).toBeGreaterThan(3);
      expect(((to ?? 0) - (from ?? 0)) / 1000).toBeLessThan(5.5);
      const record = JSON.parse(await readFile(join(spec.run_folder, 'jobs', 'job_left.json'), 'utf8'));
      expect(record).toMatchObject({ state: 'cancelled', ended_by: 'deadline' });
      await expect(backend.attach(spec, 50, options)).rejects.toThrow(/time of this run is up/);
      await backend.destroy(spec);
    });

    test('and its neighbour with the same home start one container between them', async () => {
      await using run = await makeRun(backend);
      docker('rm', '--force', nameOf(run.spec));
      const sandboxes = await Promise.all(
        Array.from({ length: 4 }, () => makeBackend().attach(run.spec, 100, options)),
      );
      const jobs = await Promise.all(sandboxes.map(sandbox => runScript(sandbox, 'hostname; echo $PPID')));
      expect(new Set(jobs.map(job => job.output)).size).toBe(1);
      expect(new Set(jobs.map(job => job.job_id)).size).toBe(4);
      await Promise.all(sandboxes.map(sandbox => sandbox[Symbol.asyncDispose]()));
    });
  });

  test('a job that was started once runs once, though the container is gone before the answer', async () => {
    await using run = await makeRun(backend);
    const job_id = newJobId();
    const starting = runScript(run.sandbox, 'echo once >> counted; sleep 1000', { job_id });
    await until(async () => (await readdir(join(run.spec.run_folder, 'workspace'))).includes('counted'));
    docker('rm', '--force', nameOf(run.spec));
    expect(await starting).toMatchObject({ job_id, state: 'lost' });
    expect(await readFile(join(run.spec.run_folder, 'workspace', 'counted'), 'utf8')).toBe('once\n');
  });
});

function nameOf({ run_id }: Pick<SandboxSpec, 'run_id'>): string {
  return `mlrb-${run_id}`;
}

/** Another run in the folder of this one, which removes it. */
function renamed({ spec }: TestRun, suffix: string, folder: string): SandboxSpec {
  return { ...spec, run_id: `${spec.run_id}${suffix}`, run_folder: join(spec.run_folder, folder) };
}

function isThere(spec: SandboxSpec): boolean {
  return docker('ps', '--all', '--quiet', '--filter', `name=^${nameOf(spec)}$`) !== '';
}

/** Processes of the container, as the engine counts them from outside. */
function pidsOf(spec: SandboxSpec): number {
  return Number(docker('stats', '--no-stream', '--format', '{{.PIDs}}', nameOf(spec)));
}

/** What a job finds itself to be: the facts that it inherits. */
async function factsOf(backend: DockerBackend): Promise<string[]> {
  await using run = await makeRun(backend);
  const look = `echo $$; echo $0; pwd; ls /proc/$$/fd; cut -d" " -f5,6,19 /proc/$$/stat; cat /proc/$$/oom_score_adj /proc/$$/limits; umask
    grep -E "^(Uid|Gid|Groups|Sig[BIC]|Shd|Cap|NoNewPrivs|Seccomp)" /proc/$$/status; env | grep -v ^MLRB_ | sort`;
  const [pid = '', ...facts] = (await runScript(run.sandbox, look)).output.split('\n');
  return facts.map(fact => fact.replace(`${pid} ${pid} `, 'own own '));
}

/** An image as the test image, after a command of root's and with other settings. */
function changedImage(name: string, command: string[], ...settings: string[]): string {
  const image = `mlrb-test-${name}:${process.pid}`;
  const container = docker('run', '--detach', '--user', '0', TEST_IMAGE, ...command);
  docker('wait', container);
  docker('commit', ...settings.flatMap(setting => ['--change', setting]), container, image);
  docker('rm', container);
  return image;
}

/** Looks again until it is so; the test's own time limit ends it. */
async function until<T>(isSo: () => T | Promise<T>): Promise<T> {
  while (true) {
    const found = await isSo();
    if (found) return found;
    await pause(20);
  }
}

/** A program of its own that makes a sandbox and leaves a job in it. */
async function startServer(spec: SandboxSpec, seconds: number): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./sandbox-server.ts', import.meta.url));
  const changed = { ...spec, limits: { ...spec.limits, wall_clock_s: seconds } };
  const server = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify(changed), HOME], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(server.stdout), 'line');
  expect(line).toBe('started');
  return server;
}

interface Door extends AsyncDisposable {
  readonly path: string;
  open(): Promise<void>;
  close(): Promise<void>;
}

/** The real engine at a socket of its own, which can go away and come back. */
async function engineBehindADoor(): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'mlrb-engine-'));
  const path = join(folder, 'docker.sock');
  let server: Server | undefined;
  const open = new Set<Socket>();
  const door: Door = {
    path,
    async open() {
      server = createServer(inner => {
        const outer = connect(SOCKET);
        for (const [from, to] of [
          [inner, outer],
          [outer, inner],
        ] as const) {
          open.add(from);
          from.on('error', () => to.destroy()).on('close', () => open.delete(from));
          from.pipe(to);
        }
      });
      server.listen(path);
      await once(server, 'listening');
    },
    async close() {
      server?.close();
      for (const socket of open) socket.destroy();
      await rm(path, { force: true });
    },
    async [Symbol.asyncDispose]() {
      await door.close();
      await rm(folder, { recursive: true });
    },
  };
  await door.open();
  return door;
}
