import type { Groups } from './nested-mean.js';
import type { ChoiceRow } from './rows.js';
import type { ChoiceSuiteName } from './scorer-request.js';

/** How a suite with options becomes one number. */
export interface ChoiceSuite {
  readonly name: ChoiceSuiteName;
  readonly unit: string;
  /** What an item is called, in the plural. */
  readonly items: string;
  /** The subtasks that are averaged, in groups; the mean of the groups is the value. */
  readonly groups: (subtasks: readonly string[]) => Groups;
  /** Why a guess has the chance it has. */
  readonly chance: string;
  /** Why there is no floor of taking the first option always; undefined where there is one. */
  readonly noFirstOption?: string;
  /** The same rows by other formulas. */
  readonly beside: (rows: readonly ChoiceRow[]) => Record<string, number>;
}
