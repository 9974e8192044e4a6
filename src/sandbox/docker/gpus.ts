import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DeviceRequest } from 'dockerode';
import { ConfigError } from '../../errors.js';

/** The GPUs of this host, and how a container gets some of them. */
export interface GpuHost {
  /** Names of all devices, in a fixed order. */
  readonly inventory: () => Promise<readonly string[]>;
  readonly requests: (devices: readonly string[]) => DeviceRequest[];
  /** Megabytes in use on each device; nothing of one that does not tell. */
  readonly memoryUsed: () => Promise<Readonly<Record<string, number>>>;
}

const PROBE_TIMEOUT_MS = 20_000;

/** NVIDIA's, by their unique ids: numbers change with every restart of the host. */
export const nvidiaGpus: GpuHost = {
  async inventory() {
    return (await queryGpus('uuid')).map(([uuid = '']) => uuid);
  },
  requests: devices =>
    devices.length === 0 ? [] : [{ Driver: 'nvidia', DeviceIDs: [...devices], Capabilities: [['gpu']] }],
  async memoryUsed() {
    const rows = await queryGpus('uuid,memory.used');
    const known = rows.filter(([, used]) => Number.isFinite(Number.parseInt(used ?? '', 10)));
    return Object.fromEntries(known.map(([uuid = '', used = '']) => [uuid, Number.parseInt(used, 10)]));
  },
};

/** What the driver says of each device, a row each; none where there is no driver, or one that finds no device. */
async function queryGpus(fields: string): Promise<readonly (readonly string[])[]> {
  try {
    const query = [`--query-gpu=${fields}`, '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: PROBE_TIMEOUT_MS });
    const lines = stdout.split('\n').filter(line => line.trim() !== '');
    return lines.map(line => line.split(',').map(field => field.trim()));
  } catch {
    return [];
  }
}

/** @throws ConfigError if the host has fewer devices than a task needs. */
export function refuseTooFew(devices: readonly string[], needed: number): void {
  if (devices.length >= needed) return;
  const has = devices.length === 0 ? 'has no GPU' : `has ${devices.length} of them`;
  throw new ConfigError(
    `This task needs ${needed === 1 ? 'a GPU' : `${needed} GPUs`}, and this host ${has}. Choose a task without one, or tell the operator, whom \`mlrb doctor\` helps.`,
  );
}
