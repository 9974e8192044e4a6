/** A piece of a Lean 3 text that is neither comment nor white space. Strings and characters are told apart, since nothing in them is code. */
export interface Token {
  readonly kind: 'word' | 'text' | 'sign';
  readonly text: string;
}

/*
 * In the order of Lean's own scanner. A block comment is cut out before: it nests. A name may hold `'` but not begin with it, so that
 * a character such as '"' begins no string.
 */
const TOKEN = new RegExp(
  [
    /(?<blank>\s+|--[^\n]*)/,
    /(?<text>"(?:\\[\s\S]|[^"\\])*(?:"|$)|'(?:\\.[^']*|[^'\\\n])')/,
    /(?<word>#?(?:[\p{L}_]|«[^»]*»)(?:[\p{L}\p{N}_'.!?\u2080-\u2089]|«[^»]*»)*)/u,
    /(?<sign>:=|[\s\S])/u,
  ]
    .map(({ source }) => source)
    .join('|'),
  'uy',
);

/** The tokens of a text. Anything is taken: what Lean would refuse becomes signs. */
export function lex(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const end = blockCommentEnd(text, at);
    if (end !== undefined) {
      at = end;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    at = match === null ? at + 1 : TOKEN.lastIndex;
    const token = tokenOf(match?.groups ?? {});
    if (token !== undefined) tokens.push(token);
  }
  return tokens;
}

function tokenOf(groups: Partial<Record<string, string>>): Token | undefined {
  for (const kind of ['text', 'word', 'sign'] as const) {
    const text = groups[kind];
    if (text !== undefined) return { kind, text };
  }
  return undefined;
}

/** Where the block comment that begins here ends; undefined where none begins. Only a comment for documentation does not nest. */
function blockCommentEnd(text: string, start: number): number | undefined {
  if (!text.startsWith('/-', start)) return undefined;
  const nests = !/^\/-[-!]/.test(text.slice(start, start + 3));
  let depth = 1;
  for (let at = start + 2; at < text.length; at += 1) {
    if (text.startsWith('-/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    } else if (nests && text.startsWith('/-', at)) {
      depth += 1;
      at += 1;
    }
  }
  return text.length;
}
