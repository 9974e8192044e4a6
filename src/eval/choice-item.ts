import type { ChoiceRow } from './rows.js';

/** An item with options: what is right, and the log-likelihood of each; null where it is not finite. */
export interface ChoiceItem {
  readonly subtask: string;
  readonly gold: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Right only if all values are finite and some right option has a higher one than every wrong option: a tie with a wrong one is wrong. */
export function isRight({ gold, values }: ChoiceItem): boolean {
  if (values.some(value => value === null)) return false;
  return best(values, at => gold.includes(at)) > best(values, at => !gold.includes(at));
}

/** Whether the best right and the best wrong option are level. */
export function isTie({ gold, values }: ChoiceItem): boolean {
  if (values.some(value => value === null)) return false;
  return best(values, at => gold.includes(at)) === best(values, at => !gold.includes(at));
}

export function hasNonFinite({ values }: ChoiceItem): boolean {
  return values.some(value => value === null);
}

function best(values: readonly (number | null)[], isMeant: (at: number) => boolean): number {
  return Math.max(...values.filter((_, at) => isMeant(at)).map(value => value ?? Number.NaN));
}

/** The same items as an untrained model sees them. */
export function untrainedItems(rows: readonly ChoiceRow[]): ChoiceItem[] {
  return rows.map(({ subtask, gold, untrained }) => ({ subtask, gold, values: untrained }));
}

/** The same items for someone who always takes the first option. */
export function firstOptionItems(rows: readonly ChoiceRow[]): ChoiceItem[] {
  return rows.map(row => ({ ...row, values: row.values.map((_, at) => (at === 0 ? 1 : 0)) }));
}

/** The same items for a model that is right wherever a model can be. */
export function perfectItems(rows: readonly ChoiceRow[]): ChoiceItem[] {
  return rows.map(row => ({
    ...row,
    values: row.values.map((_, at) => (row.is_same !== true && row.gold.includes(at) ? 1 : 0)),
  }));
}

/** How likely a guess is right. */
export function guess({ gold, values }: ChoiceItem): number {
  return gold.length / values.length;
}
