import Table from 'cli-table3';

/** A column: its heading and how it reads a row. Text is shown as it is. */
export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: boolean;
}

/** For terminals. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const table = new Table({
    head: columns.map(({ heading }) => heading),
    colAligns: columns.map(({ right }) => (right ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map(row => columns.map(({ cell }) => cell(row))));
  return table.toString();
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
