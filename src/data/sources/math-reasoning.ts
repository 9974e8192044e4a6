import { createHash } from 'node:crypto';
import { z } from 'zod';
import { collect, recipe, type Select, type Source } from './source.js';

/** A statement and its proof, in words and in Lean 3. */
export const FormalisationRow = z.object({
  name: z.string().min(1),
  informal_statement: z.string(),
  informal_proof: z.string(),
  formal_proof: z.string().min(1),
});

/** Rows that are scored on, and never in a contestant's copy. */
const HELD_OUT = 100;

const COMMON = {
  format: 'rows',
  origin: {
    kind: 'hub',
    repo: 'AlgorithmicResearchGroup/math_reasoning_autoformalization_track',
    repo_type: 'dataset',
    revision: 'main',
    gated: false,
  },
  licence: 'as stated on the hub',
  source: 'https://huggingface.co/datasets/AlgorithmicResearchGroup/math_reasoning_autoformalization_track',
} as const;

const FROM = /^data\/train-.*\.parquet$|^train\.(jsonl|json|parquet)$/;

export const mathReasoning: Source = {
  dataset: {
    ...COMMON,
    id: 'math_reasoning',
    title:
      'Auto-formalisation: statements and proofs in words and in Lean 3, without those that are scored on',
    role: 'train',
    files: [{ path: 'train.jsonl' }],
  },
  hub: recipe([
    {
      path: 'train.jsonl',
      from: FROM,
      content: { kind: 'rows', schema: FormalisationRow, select: without(HELD_OUT) },
    },
  ]),
};

export const mathReasoningHeldOut: Source = {
  dataset: {
    ...COMMON,
    id: 'math_reasoning_heldout',
    title: `Auto-formalisation: the ${HELD_OUT} rows that are scored on`,
    role: 'eval',
    files: [{ path: 'heldout.jsonl', rows: HELD_OUT }],
  },
  hub: recipe([
    {
      path: 'heldout.jsonl',
      from: FROM,
      content: { kind: 'rows', schema: FormalisationRow, select: only(HELD_OUT) },
    },
  ]),
};

/** The rule: of the different statements, those with the lowest SHA-256. A row with the same statement as a held-out one is held out too. */
function only(limit: number): Select {
  return async function* (rows) {
    const all = await collect(rows);
    const held = heldOutStatements(all, limit);
    const seen = new Set<string>();
    for (const row of all) {
      const statement = statementOf(row);
      if (!held.has(statement) || seen.has(statement)) continue;
      seen.add(statement);
      yield row;
    }
  };
}

function without(limit: number): Select {
  return async function* (rows) {
    const all = await collect(rows);
    const held = heldOutStatements(all, limit);
    yield* all.filter(row => !held.has(statementOf(row)));
  };
}

function heldOutStatements(rows: readonly object[], limit: number): ReadonlySet<string> {
  const statements = [...new Set(rows.map(statementOf))];
  const ranked = statements
    .map(statement => ({ statement, rank: createHash('sha256').update(statement).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1));
  return new Set(ranked.slice(0, limit).map(({ statement }) => statement));
}

/** White space and case make no difference. */
function statementOf(row: object): string {
  return FormalisationRow.parse(row).informal_statement.toLowerCase().split(/\s+/).join(' ').trim();
}
