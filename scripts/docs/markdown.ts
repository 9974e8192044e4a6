/** Stands at the top of every generated page. */
export const NOTICE = '<!-- Made from the code by `npm run docs`: change the code, not this page. -->';

/** A table; bars and line breaks in cells do not break it. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`;
  return [line(headings), `|${headings.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

/** A whole page from its parts. */
export function page(...parts: readonly string[]): string {
  return `${[NOTICE, ...parts].join('\n\n')}\n`;
}
