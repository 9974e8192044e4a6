import { z } from 'zod';
import type { Config } from '../config.js';
import { InputError } from '../errors.js';
import { asGiven, expected } from '../lib/expected.js';
import type { Progress } from '../lib/progress.js';
import type { Logger } from '../logger.js';

/** What every command gets. */
export interface CommandContext {
  readonly config: Config;
  /** Aborts on Ctrl-C and SIGTERM; its reason is an `Interrupted`. */
  readonly signal: AbortSignal;
  /** Writes a line to standard output: what was asked for, and nothing else. */
  readonly print: (text: string) => void;
  readonly progress: Progress;
  readonly log: Logger;
}

/** Ctrl-C, or the signal that stands for it. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

interface CommandFacts {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Further sentences for its own help. */
  readonly details?: string;
  /** Positional arguments as commander writes them, with a description: `<run>`, `[task]`, `[run...]`. */
  readonly arguments?: readonly (readonly [syntax: string, description: string])[];
  readonly options?: readonly (readonly [flags: string, description: string])[];
  /** Command lines that work, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
}

export interface CommandDefinition<Input extends z.ZodType> extends CommandFacts {
  /** Arguments and options by their camel-case names. */
  readonly input: Input;
  /** Answers the exit code; 0 where it answers nothing. */
  run(input: z.output<Input>, context: CommandContext): Promise<number | undefined>;
}

/** A command with its input type sealed inside, so that a plain list can hold them all. */
export interface Command extends CommandFacts {
  /** @throws InputError if arguments or options are not as they should be. */
  execute(input: unknown, context: CommandContext): Promise<number>;
}

export function defineCommand<Input extends z.ZodType>(definition: CommandDefinition<Input>): Command {
  const { input: schema, run, ...facts } = definition;
  return {
    ...facts,
    async execute(input, context) {
      const parsed = schema.safeParse(input, { error: expected });
      if (!parsed.success) throw new InputError(explain(parsed.error, input, facts), { cause: parsed.error });
      return (await run(parsed.data, context)) ?? 0;
    },
  };
}

/** The flag that makes a command print JSON, for `options`. */
export const JSON_OPTION = ['--json', 'print JSON instead of a table'] as const;
/** And the field that it sets. */
export const JsonFlag = z.boolean().default(false);

function explain(error: z.ZodError, input: unknown, { name: command, options = [] }: CommandFacts): string {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? 'input').replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
  const value = new Map(Object.entries(input ?? {})).get(String(issue?.path[0]));
  const isOption = options.some(([flags]) => flags.startsWith(`--${name} `));
  return `${isOption ? `--${name}` : `"${name}"`} is not right${asGiven(value)}: ${issue?.message ?? 'it takes another value'}. See \`mlrb ${command} --help\`.`;
}
