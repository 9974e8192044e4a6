import { z } from 'zod';
import type { DockerEngine } from './docker-engine.js';

/** What of an engine matters to us. */
export interface EngineDescription {
  readonly version: string;
  /** Version of the control groups of this host: `1` or `2`. */
  readonly cgroup: string;
  readonly runtimes: readonly string[];
  /** Name of the program that becomes process 1; empty where the engine has none. */
  readonly init: string;
  /** What of a run the kernel does not limit, though the engine is asked to: `memory`, `swap`, `processes`, `processors`. */
  readonly unlimited: readonly string[];
  /** Where it keeps images and containers, on its own host; empty where it does not say. */
  readonly dataRoot: string;
}

const Info = z.object({
  ServerVersion: z.string(),
  CgroupVersion: z.string().default('1'),
  Runtimes: z.record(z.string(), z.unknown()).default({}),
  InitBinary: z.string().default(''),
  MemoryLimit: z.boolean().default(true),
  SwapLimit: z.boolean().default(true),
  PidsLimit: z.boolean().default(true),
  CpuCfsQuota: z.boolean().default(true),
  DockerRootDir: z.string().default(''),
});

/** @throws ConfigError, with the remedy, if it cannot be reached; what the engine refused as it came. */
export async function describeEngine(engine: DockerEngine): Promise<EngineDescription> {
  const info = await engine.ask(Info, { path: '/info' });
  const limits = {
    memory: info.MemoryLimit,
    swap: info.SwapLimit,
    processes: info.PidsLimit,
    processors: info.CpuCfsQuota,
  };
  return {
    version: info.ServerVersion,
    cgroup: info.CgroupVersion,
    runtimes: Object.keys(info.Runtimes),
    init: info.InitBinary,
    unlimited: Object.entries(limits).flatMap(([name, isEnforced]) => (isEnforced ? [] : [name])),
    dataRoot: info.DockerRootDir,
  };
}
