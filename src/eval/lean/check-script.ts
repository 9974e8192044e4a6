import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GenerationRow, LeanRow } from '../rows.js';
import { declarations, statesSame } from './declarations.js';
import { foreignAxioms, isOverLimit, parseMessages, saysIncomplete } from './lean-messages.js';
import type { RunLean } from './run-lean.js';
import { filterTokens } from './token-filter.js';

export interface CheckScript {
  readonly run: RunLean;
  /** Takes the files that Lean reads; removed afterwards. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

type Verdict = Omit<LeanRow, 'suite' | 'item' | 'name'>;

/** What stands before a script that imports nothing, as those of miniF2F do. */
export const PRELUDE = `import tactic
import data.real.sqrt
import data.nat.prime
import algebra.big_operators.basic
open_locale big_operators nat
`;

const NOTHING = { compiles: false, is_clean: false, states_theorem: false } as const;

/** One generated text, seen through the token filter and then by Lean. @throws ConfigError where Lean cannot be started; the signal's reason on abort. */
export async function checkScript(row: GenerationRow, options: CheckScript): Promise<LeanRow> {
  const { item, name } = row;
  return { suite: 'lean3', item, name, ...(await verdictOn(row, options)) };
}

async function verdictOn(row: GenerationRow, options: CheckScript): Promise<Verdict> {
  const { refusal, isIncomplete } = filterTokens(row.prediction);
  if (refusal !== null) return { verdict: 'refused', ...NOTHING, reason: `not run: ${refusal}` };
  const folder = join(options.folder, `script-${row.item}`);
  await mkdir(folder, { recursive: true });
  try {
    return await runIn(folder, row, isIncomplete, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runIn(
  folder: string,
  { prediction, reference }: GenerationRow,
  isIncomplete: boolean,
  { run, signal }: CheckScript,
): Promise<Verdict> {
  const script = /^\s*import\s/m.test(prediction) ? prediction : `${PRELUDE}\n${prediction}`;
  await writeFile(join(folder, 'candidate.lean'), `${script}\n`);
  const first = await run({ folder, file: 'candidate.lean', signal });
  const messages = parseMessages(first.output);
  if (first.isOutOfTime || messages.some(isOverLimit))
    return { verdict: 'timeout', ...NOTHING, reason: 'Lean stopped at a limit on time or memory' };
  if (first.exitCode !== 0) return { verdict: 'failed', ...NOTHING, reason: errorOf(messages) };
  const names = declarations(script).map(({ name }) => name);
  const gap = whyIncomplete({ isIncomplete: isIncomplete || messages.some(saysIncomplete), names });
  if (gap !== null) return { verdict: 'incomplete', ...NOTHING, compiles: true, reason: gap };
  const foreign = await axiomsBehind(names, { folder, run, signal });
  if (foreign !== null) return { verdict: 'incomplete', ...NOTHING, compiles: true, reason: foreign };
  return {
    verdict: 'accepted',
    compiles: true,
    is_clean: true,
    states_theorem: statesSame(prediction, reference),
    reason: 'accepted',
  };
}

function errorOf(messages: ReturnType<typeof parseMessages>): string {
  const error = messages.find(({ severity }) => severity === 'error');
  if (error === undefined) return 'Lean ended without saying why';
  return `line ${error.pos_line}: ${error.text.split('\n')[0]?.slice(0, 200) ?? ''}`;
}

interface Gaps {
  readonly isIncomplete: boolean;
  readonly names: readonly string[];
}

function whyIncomplete({ isIncomplete, names }: Gaps): string | null {
  if (isIncomplete) return 'a proof is left out (sorry, admit) or the file is not read to its end';
  return names.length === 0 ? 'it declares nothing: no theorem, lemma or def with a name' : null;
}

/** A file of its own asks for the axioms, since the first may have changed what anything in it means. Null where there are no others than usual. */
async function axiomsBehind(
  names: readonly string[],
  { folder, run, signal }: CheckScript,
): Promise<string | null> {
  const questions = names.map(name => `#print axioms ${name}`);
  await writeFile(join(folder, 'axioms.lean'), `import candidate\n${questions.join('\n')}\n`);
  const { exitCode, output, isOutOfTime } = await run({ folder, file: 'axioms.lean', signal });
  if (exitCode !== 0 || isOutOfTime) return 'Lean could not say which axioms it rests on';
  const foreign = foreignAxioms(parseMessages(output));
  return foreign.length === 0 ? null : `it rests on axioms of its own: ${foreign.slice(0, 3).join(', ')}`;
}
