import { z } from 'zod';
import { DockerEngine } from './docker-engine.js';

/** What of an engine matters to us. */
export interface EngineDescription {
  readonly version: string;
  /** Version of the control groups of this host: `1` or `2`. */
  readonly cgroup: string;
  readonly runtimes: readonly string[];
  /** Name of the program that becomes process 1; empty where the engine has none. */
  readonly init: string;
}

const Info = z.object({
  ServerVersion: z.string(),
  CgroupVersion: z.string().default('1'),
  Runtimes: z.record(z.string(), z.unknown()).default({}),
  InitBinary: z.string().default(''),
});

/** @throws ConfigError, with the remedy, if it cannot be reached. */
export async function describeEngine(socket: string): Promise<EngineDescription> {
  const info = await new DockerEngine(socket).ask(Info, { path: '/info' });
  return {
    version: info.ServerVersion,
    cgroup: info.CgroupVersion,
    runtimes: Object.keys(info.Runtimes),
    init: info.InitBinary,
  };
}
