import { lex, type Token } from './lex.js';

/** A theorem, lemma or definition that a script makes. */
export interface Declaration {
  /** With the namespaces it stands in. */
  readonly name: string;
  /** What is claimed: the tokens between its name and its proof, one space between each. */
  readonly statement: string;
}

const KEYWORDS = ['theorem', 'lemma', 'def', 'definition'];

/** The named declarations of a script, as far as they can be told without Lean. */
export function declarations(script: string): Declaration[] {
  const tokens = lex(script);
  const namespaces: string[] = [];
  const found: Declaration[] = [];
  tokens.forEach(({ kind, text }, at) => {
    const name = tokens[at + 1];
    if (kind !== 'word' || name?.kind !== 'word') return;
    if (text === 'namespace') namespaces.push(name.text);
    else if (text === 'end' && namespaces.at(-1) === name.text) namespaces.pop();
    else if (KEYWORDS.includes(text))
      found.push({ name: [...namespaces, name.text].join('.'), statement: statementAfter(tokens, at + 2) });
  });
  return found;
}

/** Up to `:=` outside of brackets. */
function statementAfter(tokens: readonly Token[], start: number): string {
  let depth = 0;
  const end = tokens.findIndex(({ text }, at) => {
    if (at < start) return false;
    if ('([{⟨'.includes(text)) depth += 1;
    if (')]}⟩'.includes(text)) depth -= 1;
    return text === ':=' && depth === 0;
  });
  return tokens
    .slice(start, end === -1 ? undefined : end)
    .map(({ text }) => text)
    .join(' ');
}

/** Whether a script states, under any name, what the reference states, word for word. */
export function statesSame(script: string, reference: string): boolean {
  const asked = declarations(reference).map(({ statement }) => statement);
  const made = new Set(declarations(script).map(({ statement }) => statement));
  return asked.length > 0 && asked.every(statement => made.has(statement));
}
