import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { hashModelFiles } from '../../runs/intake/hash-model-files.js';
import { MERGING_FILES } from '../../tasks/llm-merging/task.js';
import { scorerEnvironment } from '../scorer-process.js';
import { makeScratchFolder, removeScratchFolder } from '../scratch-folder.js';
import { mergeDigest } from './merge-digest.js';
import type { MergeRecord } from './merge-record.js';

/** What carrying out a recorded merge once more gave. */
export type Repetition =
  | { readonly kind: 'merged'; readonly digest: string; readonly seconds: number }
  /** The package refuses the plan, in its own words. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string };

export interface RepeatOptions {
  readonly home: string;
  readonly python: string;
  /** Folders of the base and of each source, in the order of the record. */
  readonly base: string;
  readonly sources: readonly string[];
  readonly timeLimitS: number;
  readonly signal: AbortSignal;
}

/** Whether the method is one that the package brings, unchanged. */
export async function isOwnMethod({ method }: Pick<MergeRecord, 'method'>): Promise<boolean> {
  const folder = join(packageFolder(), 'llm_merging', 'methods');
  if (!(await readdir(folder)).includes(method.file)) return false;
  const content = await readFile(join(folder, method.file));
  return createHash('sha256').update(content).digest('hex') === method.sha256;
}

function packageFolder(): string {
  return join(MERGING_FILES, 'llm_merging');
}

/** Carries out a merge by the package as it was handed out, in a process of its own, and digests what comes out. */
export async function repeatMerge(record: MergeRecord, options: RepeatOptions): Promise<Repetition> {
  const scratch = await makeScratchFolder(options.home);
  try {
    return await mergeIn(scratch, record, options);
  } finally {
    await removeScratchFolder(scratch);
  }
}

async function mergeIn(
  scratch: string,
  record: MergeRecord,
  { python, base, sources, timeLimitS, signal }: RepeatOptions,
): Promise<Repetition> {
  const [code, out, plan] = ['package', 'out', 'plan.json'].map(name => join(scratch, name));
  if (code === undefined || out === undefined || plan === undefined) throw new Error('three paths are made');
  await cp(packageFolder(), code, { recursive: true });
  await writeFile(plan, JSON.stringify(planOf(record, base, sources)));
  const started = performance.now();
  const ended = await execa(
    python,
    ['-B', '-s', '-m', 'llm_merging', 'merge', '--plan', plan, '--out', out],
    {
      cwd: code,
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        ...scorerEnvironment({ scratch, device: 'cpu' }),
        TMPDIR: scratch,
      },
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      maxBuffer: 1_000_000,
      timeout: timeLimitS * 1000,
      cancelSignal: signal,
    },
  );
  signal.throwIfAborted();
  const seconds = (performance.now() - started) / 1000;
  if (ended.timedOut) return { kind: 'stopped', reason: `it was stopped after ${timeLimitS} s` };
  if (ended.exitCode === 1 && !ended.stderr.includes('Traceback'))
    return { kind: 'refused', reason: ended.stderr.split('\n').at(-1) ?? '' };
  if (ended.exitCode !== 0)
    return { kind: 'stopped', reason: `it ended with the exit code ${ended.exitCode}` };
  const files = (await readdir(out)).filter(name => name.endsWith('.safetensors'));
  return { kind: 'merged', digest: mergeDigest(await hashModelFiles(out, files)), seconds };
}

function planOf({ method, sources, dtype, settings }: MergeRecord, base: string, folders: readonly string[]) {
  return {
    method: method.name,
    base: { path: base },
    sources: sources.map(({ weight }, at) => ({ path: folders[at], weight })),
    dtype,
    settings,
  };
}
