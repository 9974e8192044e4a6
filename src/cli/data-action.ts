import type { CommandContext } from './command.js';

export interface DataOptions {
  /** Take content other than the known one. */
  readonly accept: boolean;
  /** Also what is here already, whole. */
  readonly again: boolean;
  readonly json: boolean;
}

/** One thing that `mlrb data` can do. Answers the exit code. */
export type DataAction = (
  names: readonly string[],
  options: DataOptions,
  context: CommandContext,
) => Promise<number>;
