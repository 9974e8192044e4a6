import { builtInTask } from '../built-in-task.js';
import { blimp } from '../evaluators.js';
import { BLIMP, offLimits } from '../off-limits.js';
import { FORMAT_RULES } from '../rules.js';
import { SMALL_TEXTS } from '../small-texts.js';
import type { Task } from '../task.js';

export const smoke: Task = {
  id: 'smoke',
  version: 1,
  title: 'Check that everything works (smoke)',
  suite: 'smoke',
  summary: 'Hand in the example, in seconds: shows that runs, submissions and scoring work on this host.',
  budget: { wall_clock_min: 10, cpus: 1, memory_gb: 2, disk_gb: 1, gpus: 0 },
  network: 'none',
  data: [SMALL_TEXTS[0]],
  submission: {
    architectures: ['causal', 'seq2seq'],
    dtypes: ['float32', 'float16', 'bfloat16'],
    max_bytes: 10_000_000,
    max_parameters: 2_000_000,
  },
  rules: FORMAT_RULES,
  evaluators: [blimp(2)],
  off_limits: offLimits(BLIMP),
  options: [blimp(100)],
};

export const smokeFolder = builtInTask(smoke, import.meta.url);
