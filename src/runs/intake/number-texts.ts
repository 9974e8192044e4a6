/**
 * How the numbers of a JSON object are written, by key: `3` and `3.0` are the same number here and of two kinds in Python. Numbers
 * further down are left out. The text must be valid JSON. Works without recursion, since the text is a stranger's.
 */
export function numberTexts(json: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  let depth = 0;
  let key: string | undefined;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && token.startsWith('"') && key === undefined) key = keyOf(token);
    else if (depth === 1 && token === ',') key = undefined;
    else if (depth === 1 && key !== undefined && /^[-\d]/.test(token)) texts.set(key, token);
  }
  return texts;
}

const TOKEN = /[{}[\],]|"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/gs;

function keyOf(token: string): string {
  const key: unknown = JSON.parse(token);
  return typeof key === 'string' ? key : '';
}
