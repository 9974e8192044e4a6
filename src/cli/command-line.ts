import { Command as Commander, CommanderError, Option } from 'commander';
import { listSettings, type Setting } from '../config.js';
import { InputError } from '../errors.js';
import { packageVersion } from '../lib/package-root.js';
import { unknownName } from '../lib/suggest.js';
import type { Command } from './command.js';
import { COMMANDS, loadCommands } from './commands.js';

/** A command line, understood. */
export type Parsed =
  | { readonly type: 'help'; readonly text: string }
  | {
      readonly type: 'command';
      readonly command: Command;
      /** Arguments and options by their camel-case names. */
      readonly input: Readonly<Record<string, unknown>>;
      /** Settings by flag name without the dashes. */
      readonly flags: Readonly<Record<string, string | undefined>>;
      readonly configFile: string | undefined;
    };

/**
 * @param argv without the interpreter and the program.
 * @throws InputError for anything that is wrong with it.
 */
export async function parseCommandLine(argv: readonly string[]): Promise<Parsed> {
  const name = argv[0];
  const load = name === undefined ? undefined : COMMANDS.get(name);
  if (load === undefined) return parseGeneral(argv);
  return parseOne(await load(), argv.slice(1));
}

async function parseGeneral(argv: readonly string[]): Promise<Parsed> {
  const [name, topic] = argv;
  if (name === '--version' || name === '-V') return { type: 'help', text: packageVersion() };
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && topic === undefined)) {
    return { type: 'help', text: generalHelp(await loadCommands()) };
  }
  if (name === 'help' && topic === 'settings') return { type: 'help', text: settingsHelp() };
  if (name === 'help' && topic !== undefined) {
    const load = COMMANDS.get(topic);
    if (load === undefined) throw unknownCommand(topic);
    return { type: 'help', text: commandHelp(await load()) };
  }
  if (name.startsWith('-')) {
    throw new InputError(
      `The command comes first: \`mlrb COMMAND ${name}\`. \`mlrb help\` lists the commands.`,
    );
  }
  throw unknownCommand(name);
}

function unknownCommand(name: string): InputError {
  return new InputError(`${unknownName('command', name, [...COMMANDS.keys()])} See \`mlrb help\`.`);
}

function parseOne(command: Command, args: readonly string[]): Parsed {
  const parser = parserFor(command);
  let help: string | undefined;
  parser.configureOutput({
    writeOut: text => {
      help = text;
    },
    writeErr: () => undefined,
  });
  let positional: Record<string, unknown> = {};
  parser.action(() => {
    positional = Object.fromEntries(
      parser.registeredArguments.map((argument, index) => [argument.name(), parser.processedArgs[index]]),
    );
  });
  try {
    parser.parse([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (help !== undefined) return { type: 'help', text: commandHelp(command) };
    throw new InputError(usageSentence(error.message, command.name), { cause: error });
  }
  const { config, ...options } = parser.opts<Record<string, string | undefined>>();
  const flags: Record<string, string | undefined> = {};
  for (const setting of settingOptions()) {
    const key = setting.attributeName();
    flags[setting.name()] = options[key];
    delete options[key];
  }
  return { type: 'command', command, input: { ...positional, ...options }, flags, configFile: config };
}

/** Commander's words for what is wrong, as a sentence of ours. */
function usageSentence(message: string, command: string): string {
  const said = message.replace(/^error: /, '').replace(/\n\((.*)\)$/, '. $1');
  const sentence = `${said.charAt(0).toUpperCase()}${said.slice(1)}`.replace(/[.?]?$/, end => end || '.');
  return `${sentence} See \`mlrb ${command} --help\`.`;
}

/** Help of one command. */
export function commandHelp(command: Command): string {
  return `${parserFor(command).helpInformation().trimEnd()}\n\nFurther settings are flags as well: \`mlrb help settings\` lists them all.`;
}

function parserFor(command: Command): Commander {
  const parser = new Commander(`mlrb ${command.name}`)
    .description(description(command))
    .helpOption('-h, --help', 'show this help')
    .configureHelp({ helpWidth: 110 })
    .showSuggestionAfterError(true)
    .allowExcessArguments(false)
    .exitOverride();
  for (const [syntax, text] of command.arguments ?? []) parser.argument(syntax, text);
  for (const [flags, text] of command.options ?? []) parser.addOption(new Option(flags, text));
  for (const option of settingOptions()) parser.addOption(option);
  return parser.addOption(configOption());
}

function description({ summary, details, examples }: Command): string {
  const sentence = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
  const shown = examples.map(([line, does]) => `  ${line}\n      ${does}`);
  return [sentence, ...(details === undefined ? [] : [details]), '', 'Examples:', ...shown].join('\n');
}

/** Shown in the help of every command; the rest stands in `mlrb help settings`. */
const COMMON_SETTINGS = ['--home', '--log-level', '--sandbox'];

/** Every setting is a flag of every command. */
function settingOptions(): Option[] {
  return listSettings().map(setting =>
    new Option(`${setting.flag} <${kindOf(setting)}>`, settingText(setting))
      .helpGroup('Settings:')
      .hideHelp(!COMMON_SETTINGS.includes(setting.flag)),
  );
}

function kindOf({ values }: Setting): string {
  const kind = values.replaceAll(' ', '');
  return kind.includes('|') ? kind : (/^[a-z]+/.exec(kind)?.[0] ?? 'text');
}

function settingText({ description: text, env, defaultValue }: Setting): string {
  return `${text} [${env}, default ${defaultValue === '' ? 'empty' : defaultValue}]`;
}

/** All settings, as `mlrb help settings` shows them. */
function settingsHelp(): string {
  const parser = new Commander('mlrb COMMAND')
    .description(
      'Every setting can be given as a flag of any command, in the environment, or in the settings file; in that order. A name in the environment that is empty counts as not set.',
    )
    .helpOption(false)
    .configureHelp({ helpWidth: 110 });
  for (const option of settingOptions()) parser.addOption(option.hideHelp(false));
  return parser.addOption(configOption()).helpInformation().trimEnd();
}

function configOption(): Option {
  return new Option(
    '--config <file>',
    'settings file [MLRB_CONFIG, else config.json in the home folder]',
  ).helpGroup('Settings:');
}

/** Help of the whole program. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'mlrb: the ML Research Benchmark as an MCP server.',
    '',
    'Usage: mlrb COMMAND [ARGUMENTS] [OPTIONS]',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'Examples:',
    '  mlrb demo                 see the whole benchmark work, in minutes',
    '  mlrb help COMMAND         what a command takes, with examples',
    '  mlrb help settings        every setting, as flag and as environment variable',
    '',
    'Exit code: 0 done, 1 failed, 2 wrong usage, 130 stopped with Ctrl-C.',
  ].join('\n');
}
