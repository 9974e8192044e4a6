import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError, LimitError } from '../errors.js';
import type { DockerEngine } from '../sandbox/docker/docker-engine.js';
import { becomeGpuChooser } from '../sandbox/docker/gpu-chooser.js';
import { freeOf, listLeases } from '../sandbox/docker/gpu-lease.js';
import type { GpuHost } from '../sandbox/docker/gpus.js';

/** What a container that scores gets. */
export interface ScoringDevice {
  /** Names of the devices to hold and to ask for: one, or none where the processor does it. */
  readonly devices: readonly string[];
  /** As the scorer inside is told. */
  readonly inside: string;
  /** To be called when the container that holds them is made: only then may others choose. */
  readonly beforeStart: () => Promise<void>;
}

export interface FindDevice {
  readonly engine: DockerEngine;
  readonly gpus: GpuHost;
  /** Of which the scorer's container will be. */
  readonly image: string;
  readonly home: string;
  readonly signal: AbortSignal;
  /** Called every now and then while all devices that will do are held, with the seconds waited so far. */
  readonly onWait: (seconds: number) => void;
}

const RETRY_MS = 2000;

/**
 * Starts with the device that `evaluation.device` asks for, as soon as neither a run nor another evaluation holds it. `auto` and `cuda` take any:
 * which of them is free must not decide what a submission is scored on, so nobody goes on without one where the host has some.
 * @throws ConfigError if the host has no such device; the signal's reason on abort.
 */
export async function onFreeDevice<T>(
  wish: string,
  { engine, gpus, image, home, signal, onWait }: FindDevice,
  start: (device: ScoringDevice) => Promise<T>,
): Promise<T> {
  const candidates = await devicesFor(wish, gpus);
  if (candidates.length === 0) {
    const inside = wish === 'auto' ? 'cpu' : wish;
    return start({ devices: [], inside, beforeStart: async () => undefined });
  }
  const inside = wish === 'auto' ? 'auto' : 'cuda:0'; // the one device of the lease is the first that the container has
  const since = Date.now();
  for (;;) {
    signal.throwIfAborted();
    const findFree = async () => freeOf(candidates, await listLeases(engine)).slice(0, 1);
    if ((await findFree()).length > 0) {
      const started = await unlessLate(async () => {
        await using chooser = await becomeGpuChooser(engine, { image, home, signal });
        const devices = await findFree();
        return devices.length === 0
          ? undefined
          : await start({ devices, inside, beforeStart: () => chooser.done() });
      });
      if (started !== undefined) return started;
    }
    onWait((Date.now() - since) / 1000);
    await sleep(RETRY_MS, undefined, { signal });
  }
}

/** Those of which any will do; none where the processor scores. */
async function devicesFor(wish: string, gpus: GpuHost): Promise<readonly string[]> {
  if (wish !== 'auto' && !wish.startsWith('cuda')) return [];
  const all = await gpus.inventory();
  const [, number] = /^cuda:(\d+)$/.exec(wish) ?? [];
  const wanted = number === undefined ? all : all.slice(Number(number), Number(number) + 1);
  if (wanted.length > 0 || wish === 'auto') return wanted;
  throw new ConfigError(
    `The setting evaluation.device is "${wish}", but this host has ${all.length === 0 ? 'no GPU' : `GPUs up to cuda:${all.length - 1} only`}. Set it to auto or cpu.`,
  );
}

/** Undefined where others were faster. */
async function unlessLate<T>(begin: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await begin();
  } catch (error) {
    if (error instanceof LimitError) return undefined;
    throw error;
  }
}
