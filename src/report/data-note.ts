/** Something that may say of itself what makes it not comparable. */
interface Noted {
  readonly note: string | null;
}

/** A cell that a note below the table belongs to. */
export function marked(cell: string, { note }: Noted): string {
  return note === null ? cell : `${cell} ‡`;
}

/** What `‡` stands for, a line for each note of the rows; nothing where none has one. */
export function noteLines(rows: readonly Noted[]): string[] {
  return [...new Set(rows.flatMap(({ note }) => note ?? []))].map(note => `‡ ${note}`);
}
