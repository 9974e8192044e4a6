import type { Command } from '../../src/cli/command.js';
import { commandHelp, generalHelp } from '../../src/cli/command-line.js';
import { page } from './markdown.js';

/** Every command's help without the settings, which are the same for all. */
export function commandsPage(commands: readonly Command[]): string {
  return page(
    '# Commands',
    'Every command takes every setting as a flag: see [configuration](configuration.md). Tables and results go to standard output, progress and errors to standard error.',
    block(generalHelp(commands)),
    ...commands.map(command => `## mlrb ${command.name}\n\n${block(withoutSettings(commandHelp(command)))}`),
  );
}

function withoutSettings(help: string): string {
  return help.split('\nSettings:')[0]?.trimEnd() ?? help;
}

function block(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}
