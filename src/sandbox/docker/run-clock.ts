import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { writeJson } from '../../lib/atomic-write.js';
import { exists } from '../../lib/exists.js';
import { bootId, monotonicSeconds } from '../../lib/monotonic-clock.js';
import { readExecutorState } from '../executor/executor-state.js';
import { timeLeftByRecord } from '../executor/time-left.js';
import type { DockerPlaces } from './docker-places.js';

/** The time of a run where its executor does not run: by the clock that only goes forward, of which notes lie in the run's folder. */

/** Seconds for an executor that takes another's place: what is written down counts, for whoever gives a time has a clock that may change. */
export async function timeFor(places: DockerPlaces, given: number): Promise<number> {
  if (given <= 0) return 0;
  const state = await readExecutorState(places.stateFile);
  return timeLeftByRecord(state, await pausedSeconds(places)) ?? given;
}

const ClockFile = z.object({ paused_seconds: z.number() });
const PausedMark = z.object({ boot_id: z.string().nullable(), since: z.number() });
type PausedMark = z.infer<typeof PausedMark>;

/** Length of all pauses of the run that are over. */
export async function pausedSeconds({ clockFile }: DockerPlaces): Promise<number> {
  return ClockFile.safeParse(await readJson(clockFile)).data?.paused_seconds ?? 0;
}

/** Notes that the run stands still from now on, unless it does already. */
export async function notePause({ pausedMark }: DockerPlaces): Promise<void> {
  if (await exists(pausedMark)) return;
  await writeJson(pausedMark, { boot_id: bootId(), since: monotonicSeconds() } satisfies PausedMark);
}

/** Seconds for which the run has stood still; null where the host was started anew since. */
export async function pausedSince({ pausedMark }: DockerPlaces): Promise<number | null> {
  const mark = PausedMark.safeParse(await readJson(pausedMark)).data;
  if (mark === undefined || mark.boot_id === null || mark.boot_id !== bootId()) return null;
  return Math.max(0, monotonicSeconds() - mark.since);
}

/** Undefined where it is missing or damaged. */
async function readJson(path: string): Promise<unknown> {
  return readFile(path, 'utf8')
    .then(JSON.parse)
    .catch(() => undefined);
}
