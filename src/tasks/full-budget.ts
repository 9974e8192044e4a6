import type { Budget } from './task.js';

/** What the paper gave each run (its Table 2): a day on one A100 with 40 GB, 128 GB of memory and 500 GB of disk. */
export const FULL_BUDGET: Budget = { wall_clock_min: 1440, cpus: 8, memory_gb: 128, disk_gb: 500, gpus: 1 };

/** What can be scored in float32 on the same GPU: as many parameters as a model has that is called one of 8 billion. */
export const LARGE_MODEL = { max_bytes: 33_000_000_000, max_parameters: 8_050_000_000 } as const;
