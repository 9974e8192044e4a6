import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How one run of Lean ended. */
export interface LeanRun {
  /** Null where it did not end by itself. */
  readonly exitCode: number | null;
  readonly output: string;
  readonly isOutOfTime: boolean;
}

/** What is handed to Lean at once: files in a folder of their own, and the one that is checked. */
export interface LeanJob {
  readonly folder: string;
  readonly file: string;
  readonly signal: AbortSignal;
}

/**
 * Runs `lean --json` on a file, with limits on time, memory and output. @throws ConfigError where Lean cannot be started; the signal's reason on
 * abort.
 */
export interface RunLean {
  (job: LeanJob): Promise<LeanRun>;
  /** Tells one Lean from another in the cache of scores. */
  readonly version: string;
}

/** There is no Lean, for a reason, with what the operator can do: a sentence or two. */
export interface LeanAbsence {
  readonly absent: string;
}

export const NO_LEAN: LeanAbsence = {
  absent:
    'There is no Lean 3 on this host. The operator names an image or an executable that has it, with compiled mathlib, in the settings lean.image or lean.program, and evaluates again.',
};

/** Lean counts allocations in thousands and memory in MB; both end in a message of its own. Its own CI allows as many. */
export function leanArguments(file: string, memoryMb: number): string[] {
  return ['--json', '-j1', '-T100000', `-M${memoryMb}`, file];
}

/** Characters of output that are kept of one run. */
export const OUTPUT_CHARS = 1_000_000;

/** Tells Lean where modules are: its own, those beside the file, and the folders in `path`, split at colons. */
export async function writeLibraryPath(folder: string, path: string): Promise<void> {
  const folders = ['.', ...path.split(':').filter(each => each !== '')];
  const lines = ['builtin_path', ...folders.map(each => `path ${each}`)];
  await writeFile(join(folder, 'leanpkg.path'), `${lines.join('\n')}\n`);
}
