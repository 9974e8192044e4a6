import stringWidth from 'string-width';

/** A column: its heading and how it reads a row. Text is shown as it is. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
}

/** For terminals. Nothing in a cell can move the cursor or break the lines. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const texts = rows.map(row => columns.map(({ cell }) => cell(row).replaceAll(/\p{Cc}+/gu, ' ')));
  const lines = [columns.map(({ heading }) => heading), ...texts].map(line =>
    line.map(text => ({ text, width: stringWidth(text) })),
  );
  const widths = columns.map((_, at) =>
    lines.reduce((most, line) => Math.max(most, line[at]?.width ?? 0), 0),
  );
  const rule = (left: string, cross: string, right: string) =>
    `${left}${widths.map(width => '─'.repeat(width + 2)).join(cross)}${right}`;
  const [header, ...body] = lines.map(line => {
    const cells = line.map(({ text, width }, at) => {
      const space = ' '.repeat((widths[at] ?? width) - width);
      return columns[at]?.right ? space + text : text + space;
    });
    return `│ ${cells.join(' │ ')} │`;
  });
  return [rule('┌', '┬', '┐'), header, rule('├', '┼', '┤'), ...body, rule('└', '┴', '┘')].join('\n');
}

/** For documents. */
export function renderMarkdown<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  return [
    line(columns.map(({ heading }) => heading)),
    `|${columns.map(({ right }) => (right ? '---:' : '---')).join('|')}|`,
    ...rows.map(row => line(columns.map(({ cell }) => cell(row)))),
  ].join('\n');
}

function escapeMarkdown(cell: string): string {
  return cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

/** For spreadsheets (RFC 4180): every field of the records, in full precision. */
export function renderCsv(records: readonly object[]): string {
  const fields = Object.keys(records[0] ?? {});
  const lines = records.map(record => {
    const values = new Map(Object.entries(record));
    return fields.map(field => csvCell(values.get(field))).join(',');
  });
  return [fields.join(','), ...lines].join('\r\n');
}

/** A text that a spreadsheet would take for a formula is kept from being one. */
function csvCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value.replace(/^[=+\-@\t\r]/, "'$&") : printed(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function printed(value: unknown): string {
  return Array.isArray(value) ? value.join(' to ') : String(value);
}
