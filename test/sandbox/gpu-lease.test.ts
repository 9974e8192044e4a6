import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ConfigError, LimitError } from '../../src/errors.js';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';
import { DockerEngine } from '../../src/sandbox/docker/docker-engine.js';
import { becomeGpuChooser } from '../../src/sandbox/docker/gpu-chooser.js';
import { listLeases } from '../../src/sandbox/docker/gpu-lease.js';
import type { GpuHost } from '../../src/sandbox/docker/gpus.js';
import { makeRun } from '../contract/sandbox.js';
import { docker, dockerLack, needsDocker, SOCKET, TEST_IMAGE } from '../helpers/docker.js';

/** Containers are real; the devices are names that nothing stands behind. */
const devices = [`GPU-test-${process.pid}-a`, `GPU-test-${process.pid}-b`];
const twoGpus: GpuHost = {
  inventory: async () => devices,
  requests: () => [],
  memoryUsed: async () => Object.fromEntries(devices.map(device => [device, 3])),
};
const engine = new DockerEngine(SOCKET);
/** Those of these devices: other tests have others at the same time. */
const leases = async () =>
  (await listLeases(engine)).filter(lease => lease.devices.some(device => devices.includes(device)));

const choosers = () => docker('ps', '--all', '--quiet', '--filter', 'name=mlrb-gpu-chooser');

describe.skipIf(dockerLack)(needsDocker('GPUs on a host with two'), () => {
  let home: string;
  const server = (gpus: GpuHost = twoGpus, at = home) =>
    new DockerBackend({ socket: SOCKET, image: async () => TEST_IMAGE, home: at, gpus });
  const ask = (principal: string, gpus = 1) => server().checkReady({ principal, gpus });
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mlrb-gpus-'));
  });
  afterEach(() => vi.useRealTimers());
  afterAll(async () => {
    await rm(home, { recursive: true });
    await rm(`${home}-other`, { recursive: true, force: true });
  });

  test('are leased whole, for as long as the container lives, across servers and home folders', async () => {
    const other = server(twoGpus, `${home}-other`);
    await using first = await makeRun(server(), { gpus: 1 });
    await using second = await makeRun(other, { gpus: 1 });
    const both = await leases();
    expect(both.map(lease => lease.runId).sort()).toEqual([first.spec.run_id, second.spec.run_id].sort());
    expect(both.flatMap(lease => lease.devices).sort()).toEqual(devices);
    const third = makeRun(server(), { gpus: 1 });
    await expect(third).rejects.toBeInstanceOf(LimitError);
    await expect(third).rejects.toThrow(/No GPU is free for this task: .*run_\w+ holds 1, until 20\d\d-/);
    docker('kill', `mlrb-${second.spec.run_id}`); // a lease dies with its container
    await using fourth = await makeRun(server(), { gpus: 1 });
    expect((await leases()).flatMap(lease => lease.devices).sort()).toEqual(devices);
    expect(fourth.spec.run_id).not.toBe(first.spec.run_id);
  });

  test.each([1, 2, 3])('are never held twice, though many servers ask at the same moment (%i)', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => makeRun(server(), { gpus: 1 })));
    const held = (await leases()).flatMap(lease => lease.devices);
    expect(new Set(held).size).toBe(held.length);
    expect(held.length).toBeGreaterThan(0);
    for (const outcome of asked) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LimitError);
      else await outcome.value[Symbol.asyncDispose]();
    }
    expect(await leases()).toEqual([]);
    expect(choosers()).toBe('');
  });

  test('are given out again after a server died while it chose', async () => {
    docker('create', '--name', 'mlrb-gpu-chooser', TEST_IMAGE, 'true');
    vi.useFakeTimers({ toFake: ['performance'] });
    const asked = makeRun(server(), { gpus: 1 });
    await new Promise(resolve => setTimeout(resolve, 500)); // it has seen that another chooses
    expect(await leases()).toEqual([]);
    vi.advanceTimersByTime(21_000);
    await using run = await asked;
    expect((await leases()).map(({ runId }) => runId)).toEqual([run.spec.run_id]);
    expect(choosers()).toBe('');
  });

  test('are not held by one that took so long to choose that others thought it dead', async () => {
    const options = { image: TEST_IMAGE, home, signal: new AbortController().signal };
    await using chooser = await becomeGpuChooser(engine, options);
    docker('rm', '--force', 'mlrb-gpu-chooser');
    await expect(chooser.done()).rejects.toBeInstanceOf(LimitError);
  });

  test('are waited for in turn: everyone is told the place and why', async () => {
    const run = await makeRun(server(), { gpus: 2 });
    await expect(ask('alice')).rejects.toThrow(
      /holds 2, until .* UTC at the latest\. You are number 1 in the queue/,
    );
    await expect(ask('bob', 2)).rejects.toThrow(/You are number 2 in the queue/);
    await expect(ask('alice')).rejects.toThrow(/You are number 1 in the queue/);
    await expect(ask('carol')).rejects.toThrow(/You are number 3 in the queue; call start_run again/);
    await run[Symbol.asyncDispose]();
    await expect(ask('carol')).rejects.toThrow(/others who asked earlier come first/);
    await ask('alice');
    await ask('bob', 2);
    await ask('carol');
  });

  test('of a run that is paused stay its own, and nobody is told that they come back by its deadline', async () => {
    await using run = await makeRun(server(), { gpus: 2 });
    await server().pause(run.spec);
    await expect(ask('waiting')).rejects.toThrow(
      `${run.spec.run_id} holds 2, and is paused. You are number 1 in the queue`,
    );
    await server().resume(run.spec, 0);
    await expect(ask('waiting')).rejects.toThrow(/holds 2, until 20/);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 86_400_000 });
    await expect(ask('waiting')).rejects.toThrow(/holds 2\. You are number 1/);
    await rm(join(home, 'gpu-queue'), { recursive: true });
  });

  test('are not kept for one who waited and stopped asking', async () => {
    const run = await makeRun(server(), { gpus: 2 });
    await expect(ask('gone', 2)).rejects.toThrow(/number 1/);
    await expect(ask('patient')).rejects.toThrow(/number 2/);
    const longAgo = new Date(Date.now() - 200_000);
    await utimes(join(home, 'gpu-queue', 'gone.json'), longAgo, longAgo);
    await run[Symbol.asyncDispose]();
    await ask('patient');
  });

  test('of a run of this home folder that is over or gone are taken back before anyone is told to wait', async () => {
    await using left = await makeRun(server(), { gpus: 2 });
    const isRunOn = async (runId: string) => runId !== left.spec.run_id;
    const options = { socket: SOCKET, image: async () => TEST_IMAGE, gpus: twoGpus };
    const elsewhere = new DockerBackend({ ...options, home: `${home}-other`, isRunOn });
    const here = new DockerBackend({ ...options, home, isRunOn });
    const theirs = elsewhere.checkReady({ principal: 'other', gpus: 1 });
    await expect(theirs).rejects.toThrow(new RegExp(`${left.spec.run_id} holds 2, until 20`));
    await here.checkReady({ principal: 'next', gpus: 1 });
    expect(docker('ps', '--all', '--quiet', '--filter', `name=mlrb-${left.spec.run_id}`)).toBe('');
    await using run = await makeRun(here, { gpus: 2 });
    await expect(here.checkReady({ principal: 'next', gpus: 1 })).rejects.toThrow(run.spec.run_id);
    await rm(join(home, 'gpu-queue'), { recursive: true });
  });

  test('of a container that its server never started are free again after a minute', async () => {
    const labels = ['--label', `mlrb.gpus=${devices.join()}`, '--label', 'mlrb.run=run_unstarted'];
    const container = docker('create', ...labels, TEST_IMAGE, 'true');
    try {
      await expect(ask('early')).rejects.toThrow(/run_unstarted holds 2\. You are number 1/);
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
      await ask('early');
    } finally {
      docker('rm', '--force', container);
    }
  });

  test('have their memory looked at before and after, until it is given back', async () => {
    const used = [3, 900, 900, 10]; // before; then as a driver that takes its time
    const memoryUsed = async () => ({
      [devices[0] ?? '']: used.length > 1 ? (used.shift() ?? 0) : 10,
      other: 1,
    });
    const run = await makeRun(server({ ...twoGpus, memoryUsed }), { gpus: 1 });
    const end = await server({ ...twoGpus, memoryUsed }).destroy(run.spec);
    expect(end).toMatchObject({ ok: true, gpu_memory: { [devices[0] ?? '']: { before: 3, after: 10 } } });
    await run[Symbol.asyncDispose]();
    const full = async () => ({ [devices[0] ?? '']: 900 });
    const other = await makeRun(server({ ...twoGpus, memoryUsed: async () => ({ [devices[0] ?? '']: 3 }) }), {
      gpus: 1,
    });
    const left = await server({ ...twoGpus, memoryUsed: full }).destroy(other.spec);
    expect(left).toMatchObject({ ok: false, gpu_memory: { [devices[0] ?? '']: { before: 3, after: 900 } } });
    await other[Symbol.asyncDispose]();
  });

  test('that are not there are said to be missing in one sentence', async () => {
    const none = server({ ...twoGpus, inventory: async () => [] });
    const asked = none.checkReady({ principal: 'me', gpus: 1 });
    await expect(asked).rejects.toBeInstanceOf(ConfigError);
    await expect(asked).rejects.toThrow(
      /^This task needs a GPU, and this host has no GPU\. Choose a task without one/,
    );
    await expect(ask('me', 3)).rejects.toThrow(/needs 3 GPUs, and this host has 2 of them/);
    await none.checkReady({ principal: 'me', gpus: 0 });
  });
});
