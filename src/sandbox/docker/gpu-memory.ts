import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { writeJson } from '../../lib/atomic-write.js';
import type { SandboxEnd } from '../sandbox.js';
import type { GpuHost } from './gpus.js';

const Before = z.record(z.string(), z.number());

/** A driver's own bookkeeping moves by a few megabytes. */
const SLACK_MB = 64;
/** Drivers take memory back a moment after its process has ended. */
const PATIENCE_MS = 5000;
const LOOK_EVERY_MS = 250;

/** Writes down what is in use on the devices of a run before it begins. */
export async function noteMemory(gpus: GpuHost, devices: readonly string[], path: string): Promise<void> {
  if (devices.length === 0) return;
  const used = await gpus.memoryUsed();
  await writeJson(
    path,
    Object.fromEntries(devices.flatMap(device => (device in used ? [[device, used[device]]] : []))),
  );
}

/** What was in use before and is now, once it is back to where it was or does not come back; null for a run without devices. */
export async function memoryAfter(gpus: GpuHost, path: string): Promise<SandboxEnd['gpu_memory']> {
  const before = await readBefore(path);
  if (before === undefined) return null;
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (true) {
    const used = await gpus.memoryUsed();
    const found = Object.entries(before).map(
      ([device, mb]) => [device, { before: mb, after: used[device] ?? null }] as const,
    );
    if (found.every(([, memory]) => isBack(memory)) || performance.now() > giveUpAt)
      return Object.fromEntries(found);
    await pause(LOOK_EVERY_MS);
  }
}

/** Whether a device has as much free as before. */
export function isBack({
  before,
  after,
}: {
  readonly before: number;
  readonly after: number | null;
}): boolean {
  return after !== null && after <= before + SLACK_MB;
}

async function readBefore(path: string): Promise<z.output<typeof Before> | undefined> {
  try {
    return Before.safeParse(JSON.parse(await readFile(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
