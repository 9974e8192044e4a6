import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';
import { makeRun, runScript, startUntilReady, waitFor } from '../contract/sandbox.js';
import { dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';

const options = { signal: new AbortController().signal };
const lack = dockerLack ?? whyNoEngine();

/** An engine of its own, beside that of the host, which can be killed and started again. What holds its containers is another program, as on most hosts. */
class OwnEngine {
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess | undefined;

  constructor(folder: string, flags: readonly string[] = []) {
    this.#folder = folder;
    this.#flags = flags;
  }

  get socket(): string {
    return this.#at('docker.sock');
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  /** In a network of its own: an engine that is told to have no bridge takes away the one that the host's engine uses. */
  async start(): Promise<void> {
    this.#process = await this.#spawn('unshare', [
      ...['--net', 'dockerd'],
      ...['--data-root', this.#at('data'), '--exec-root', this.#at('exec'), '--pidfile', this.#at('pid')],
      ...['--host', `unix://${this.socket}`, '--containerd', this.#at('containerd.sock')],
      ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false'],
      ...this.#flags,
    ]);
    while (!this.#answers()) {
      if (this.#process.exitCode !== null) throw new Error(await readFile(this.#at('unshare.log'), 'utf8'));
      await pause(100);
    }
  }

  startContainerd(): Promise<ChildProcess> {
    const [root, state] = [this.#at('containerd'), this.#at('containerd-state')];
    return this.#spawn('containerd', [
      '--root',
      root,
      '--state',
      state,
      '--address',
      this.#at('containerd.sock'),
    ]);
  }

  async #spawn(program: string, args: readonly string[]): Promise<ChildProcess> {
    await using log = await open(this.#at(`${program}.log`), 'a');
    return spawn(program, [...args], { stdio: ['ignore', log.fd, log.fd] });
  }

  #answers(): boolean {
    try {
      this.docker('version', '--format', '{{.Server.Version}}');
      return true;
    } catch {
      return false;
    }
  }

  docker(...args: string[]): string {
    const host = ['--host', `unix://${this.socket}`];
    return execFileSync('docker', [...host, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.#process !== undefined) await end(this.#process, signal);
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

describe.skipIf(lack)(
  lack === undefined
    ? needsDocker('an engine that is started anew')
    : `an engine that is started anew (skipped: ${lack})`,
  () => {
    let folder: string;
    let image: string;
    let engine: OwnEngine;
    let containerd: ChildProcess;
    const backend = () =>
      new DockerBackend({ socket: engine.socket, image: async () => TEST_IMAGE, home: '/test-home' });

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'mlrb-dockerd-'));
      image = join(folder, 'image.tar');
      execFileSync('docker', ['save', '--output', image, TEST_IMAGE]);
      engine = new OwnEngine(folder);
      containerd = await engine.startContainerd();
      await engine.start();
      engine.docker('load', '--input', image);
    }, 240_000);
    afterAll(async () => {
      for (const id of engine?.docker('ps', '--all', '--quiet').split('\n').filter(Boolean) ?? [])
        engine.docker('rm', '--force', id);
      await engine?.stop('SIGTERM');
      if (containerd !== undefined) await end(containerd, 'SIGTERM');
      execFileSync('umount', [join(folder, 'data')]); // an engine mounts its folder on itself, and leaves it so
      await rm(folder, { recursive: true, force: true });
    }, 60_000);

    test.each(['SIGKILL', 'SIGTERM'] as const)(
      'after %s: what ran is lost or was ended, and the run goes on with its files and the time that is left',
      async signal => {
        await using run = await makeRun(backend());
        const done = await runScript(run.sandbox, 'echo kept > file; echo done');
        const job = await startUntilReady(run.sandbox, 'echo ready; sleep 1000');
        await engine.stop(signal);
        if (signal === 'SIGKILL') {
          // Whatever needs no engine goes on without it.
          expect((await runScript(run.sandbox, 'cat file')).output).toBe('kept\n');
          await using other = await backend().attach(run.spec, 100, options);
          expect(await waitFor(other, job.job_id, 0)).toMatchObject({ state: 'running' });
        } else {
          await expect(run.sandbox.usage(options)).rejects.toThrow(/Docker does not answer/);
        }
        await engine.start();
        const ended = await waitFor(run.sandbox, job.job_id);
        expect(['lost', 'cancelled']).toContain(ended.state);
        expect(await waitFor(run.sandbox, done.job_id)).toMatchObject({ state: 'exited', output: 'done\n' });
        expect((await runScript(run.sandbox, 'cat file')).output).toBe('kept\n');
        const { seconds_left } = await run.sandbox.usage(options);
        expect(seconds_left).toBeLessThan(run.spec.limits.wall_clock_s);
        expect(await backend().destroy(run.spec)).toMatchObject({ ok: true, processes_left: 0 });
        expect(engine.docker('ps', '--all', '--quiet')).toBe('');
      },
      120_000,
    );

    test('takes nothing from a run where it leaves containers alone', async () => {
      await engine.stop('SIGTERM');
      engine = new OwnEngine(folder, ['--live-restore']);
      await engine.start();
      await using run = await makeRun(backend());
      const job = await startUntilReady(
        run.sandbox,
        'echo ready; until [ -e go ]; do sleep 0.05; done; echo on',
      );
      await engine.stop('SIGKILL');
      await engine.start();
      await using other = await backend().attach(run.spec, 100, options);
      await other.writeFile({ path: 'go', text: '' }, options);
      expect(await waitFor(run.sandbox, job.job_id)).toMatchObject({
        state: 'exited',
        output: 'ready\non\n',
      });
      await run.sandbox.end('run_ended');
      expect(engine.docker('ps', '--all', '--quiet')).toBe('');
    }, 120_000);
  },
);

function whyNoEngine(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can start an engine';
  try {
    execFileSync('unshare', ['--net', 'dockerd', '--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no dockerd, or no network of its own for it';
  }
}
