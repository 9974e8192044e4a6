import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeJson } from '../../lib/atomic-write.js';
import type { Evaluation } from '../../runs/score.js';
import { type GenerationRow, LeanRow } from '../rows.js';
import { checkScript } from './check-script.js';
import type { RunLean } from './run-lean.js';

export interface CheckScripts {
  readonly run: RunLean;
  readonly scratch: string;
  /** Keeps every verdict, so that a killed evaluation goes on behind the last. */
  readonly rowsFolder: string;
  readonly onProgress: (progress: Evaluation['progress']) => void;
  readonly signal: AbortSignal;
}

/** Lean's verdict on every generated text, one after the other: a single one may need gigabytes. */
export async function checkScripts(
  rows: readonly GenerationRow[],
  { run, scratch, rowsFolder, onProgress, signal }: CheckScripts,
): Promise<LeanRow[]> {
  const kept = join(rowsFolder, 'lean3');
  await mkdir(kept, { recursive: true });
  const verdicts: LeanRow[] = [];
  for (const row of rows) {
    onProgress({ step: 'checking with Lean 3', done: verdicts.length, total: rows.length });
    const path = join(kept, `${row.item}.json`);
    const before = await readVerdict(path);
    const verdict = before ?? (await checkScript(row, { run, folder: join(scratch, 'lean'), signal }));
    if (before === undefined) await writeJson(path, verdict);
    verdicts.push(verdict);
  }
  return verdicts;
}

async function readVerdict(path: string): Promise<LeanRow | undefined> {
  try {
    return LeanRow.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    return undefined;
  }
}
