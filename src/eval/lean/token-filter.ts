import { lex } from './lex.js';

/**
 * Checking a Lean 3 file runs its author's code: with these words it starts programs and reads files. They are refused wherever they stand, in comments too,
 * so that no disagreement with Lean on where a comment ends lets one through.
 */
const DANGEROUS =
  /run_cmd|#eval|unsafe_run_io|unsafe_perform_io|system\.io|eval_expr|add_decl|polyrith|\bio\.|\bopen[^\n]*\bio\b|\b(?:user_command|user_attribute|user_notation)\b/;

/** Words that let a script pass without a proof, or make Lean run more than proofs. Refused where they are code. */
const FORBIDDEN = /^(?:#exit|meta|unsafe.*|axioms?|constants?|run_tac|io|extern|vm_override)$/;
const INCOMPLETE = /^(?:sorry|admit|tactic\.admit|undefined)$/;

/** Folders of mathlib, and its bundle of tactics. The core library's own modules are there without being imported. */
const IMPORTS =
  /^(?:algebra|algebraic_geometry|analysis|category_theory|combinatorics|computability|data|dynamics|field_theory|geometry|group_theory|linear_algebra|logic|measure_theory|model_theory|number_theory|order|probability|representation_theory|ring_theory|set_theory|topology)(?:\.[a-z][\w']*)+$|^tactic(?:\.[a-z][\w']*)?$/u;

export interface Filtered {
  /** Why Lean must not be asked; null where it may be. */
  readonly refusal: string | null;
  /** Whether the script says itself that its proof is left out. */
  readonly isIncomplete: boolean;
}

/** What can be seen of a script before Lean runs it. */
export function filterTokens(script: string): Filtered {
  const words = lex(script)
    .filter(({ kind }) => kind === 'word')
    .map(({ text }) => text);
  const dangerous = DANGEROUS.exec(script)?.[0];
  const forbidden = words.find(word => FORBIDDEN.test(word));
  const foreign = importsOf(words).find(name => !IMPORTS.test(name));
  return {
    refusal:
      refusalFor(dangerous ?? forbidden) ??
      (foreign === undefined ? null : `it imports ${foreign.slice(0, 60)}, which is not of mathlib`),
    isIncomplete: words.some(word => INCOMPLETE.test(word)),
  };
}

function refusalFor(word: string | undefined): string | null {
  return word === undefined ? null : `it holds ${word.trim().slice(0, 60)}`;
}

const COMMANDS =
  /^(?:import|open|open_locale|theorem|lemma|def|definition|example|namespace|section|noncomputable|variables?|universes?|local|private|protected|attribute|set_option|instance|structure|inductive|abbreviation|notation|begin|by|end|prelude|#.*)$/;

/** The modules that are named after `import`, up to the next command. */
export function importsOf(words: readonly string[]): string[] {
  const names: string[] = [];
  let isImporting = false;
  for (const word of words) {
    if (COMMANDS.test(word)) isImporting = word === 'import';
    else if (isImporting) names.push(word);
  }
  return names;
}
