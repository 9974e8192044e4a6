import type { Config } from '../config.js';
import { dockerScorer } from '../eval/docker-scorer.js';
import { dockerLean } from '../eval/lean/docker-lean.js';
import { localLean } from '../eval/lean/local-lean.js';
import { type LeanAbsence, NO_LEAN, type RunLean } from '../eval/lean/run-lean.js';
import type { StartScorer } from '../eval/scorer-process.js';
import { evaluationImage } from './docker-images.js';

/** How submissions are scored: in a container, or (undefined) as a process of this host. */
export function composeScorer(config: Config): StartScorer | undefined {
  const { where } = config.evaluation;
  const isInDocker = where === 'auto' ? config.sandbox === 'docker' : where === 'docker';
  if (!isInDocker) return undefined;
  const { socket } = config.docker;
  return dockerScorer({ socket, image: () => evaluationImage(config), home: config.home });
}

/** How Lean 3 checks what a model wrote: in a container, as a process of this host, or not at all, with the reason. */
export function composeLean({ lean, docker, home }: Config): RunLean | LeanAbsence {
  const limits = { path: lean.path, memoryMb: lean.memory_mb, timeLimitS: lean.time_limit_s };
  if (lean.image !== '') return dockerLean({ socket: docker.socket, image: lean.image, home, ...limits });
  return lean.program === '' ? NO_LEAN : localLean({ program: lean.program, ...limits });
}
