import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { DeviceRequest } from 'dockerode';
import { ConfigError } from '../../errors.js';

/** The GPUs of this host, and how a container gets some of them. */
export interface GpuHost {
  /** Names of all devices, in a fixed order. */
  readonly inventory: () => Promise<readonly string[]>;
  readonly requests: (devices: readonly string[]) => DeviceRequest[];
}

const PROBE_TIMEOUT_MS = 20_000;

/** NVIDIA's, by their unique ids: numbers change with every restart of the host. */
export const nvidiaGpus: GpuHost = {
  async inventory() {
    try {
      const query = ['--query-gpu=uuid', '--format=csv,noheader'];
      const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: PROBE_TIMEOUT_MS });
      return stdout.split('\n').flatMap(line => (line.trim() === '' ? [] : [line.trim()]));
    } catch {
      return []; // no driver, or one that finds no device
    }
  },
  requests: devices =>
    devices.length === 0 ? [] : [{ Driver: 'nvidia', DeviceIDs: [...devices], Capabilities: [['gpu']] }],
};

/** @throws ConfigError if the host has fewer devices than a task needs. */
export function refuseTooFew(devices: readonly string[], needed: number): void {
  if (devices.length >= needed) return;
  const has = devices.length === 0 ? 'has no GPU' : `has ${devices.length} of them`;
  throw new ConfigError(
    `This task needs ${needed === 1 ? 'a GPU' : `${needed} GPUs`}, and this host ${has}. Choose a task without one, or tell the operator, whom \`mlrb doctor\` helps.`,
  );
}
