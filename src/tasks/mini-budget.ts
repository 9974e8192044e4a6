import type { Budget } from './task.js';

/** Two cores and a few minutes: a machine that anyone has. */
export function miniBudget(minutes: number): Budget {
  return { wall_clock_min: minutes, cpus: 2, memory_gb: 4, disk_gb: 2, gpus: 0 };
}

/** More than can be trained or changed within such a budget. */
export const SMALL_MODEL = { max_bytes: 100_000_000, max_parameters: 20_000_000 } as const;
