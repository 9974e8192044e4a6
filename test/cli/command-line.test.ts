import { beforeAll, describe, expect, it } from 'vitest';
import type { Command } from '../../src/cli/command.js';
import { parseCommandLine } from '../../src/cli/command-line.js';
import { COMMANDS, loadCommands } from '../../src/cli/commands.js';
import { listSettings } from '../../src/config.js';
import { InputError } from '../../src/errors.js';
import { words } from './mlrb.js';

let commands: Command[];
beforeAll(async () => {
  commands = await loadCommands();
});

describe('help', () => {
  it('lists every command under its own name', async () => {
    const general = await helpOf(['help']);
    for (const [index, name] of [...COMMANDS.keys()].entries()) {
      expect(general).toContain(`  ${name} `);
      expect(commands[index]?.name).toBe(name);
    }
    expect(await helpOf([])).toBe(general);
    expect(await helpOf(['--help'])).toBe(general);
  });

  it('of every command has an example, and says where the settings stand', async () => {
    for (const { name, examples } of commands) {
      const help = await helpOf([name, '--help']);
      expect(await helpOf(['help', name])).toBe(help);
      expect(examples.length).toBeGreaterThan(0);
      for (const [line] of examples) expect(help).toContain(line);
      expect(help).toContain('mlrb help settings');
    }
  });

  it('of the settings names every one, as a flag and as an environment variable', async () => {
    const help = await helpOf(['help', 'settings']);
    for (const { flag, env } of listSettings()) {
      expect(help).toContain(flag);
      expect(help).toContain(env);
    }
    expect(help).not.toContain('undefined');
  });

  it('gives only examples that are right', async () => {
    for (const { name, examples } of commands) {
      for (const [line] of examples) {
        const [program, ...argv] = words(line.replace(/^(?:[A-Z_]+=\S+ )+/, '').replace(/ >.*$/, ''));
        expect(program, line).toBe('mlrb');
        const parsed = await parseCommandLine(argv);
        expect(parsed, line).toMatchObject({ type: 'command', command: { name } });
      }
    }
  });
});

describe('a command line', () => {
  it('takes settings as flags, with values that begin with a dash too', async () => {
    const parsed = await parseCommandLine([
      'serve',
      '--as',
      'alice',
      '--python-pip-args=--index-url u',
      '--home',
      '/x',
    ]);
    expect(parsed).toMatchObject({
      input: { as: 'alice' },
      flags: { home: '/x', 'python-pip-args': '--index-url u', sandbox: undefined },
    });
  });

  it.each([
    [['demoo'], /No command named "demoo"\. Did you mean "demo"\?.*See `mlrb help`/],
    [['help', 'srve'], /Did you mean "serve"\?/],
    [['--json', 'runs'], /The command comes first: `mlrb COMMAND --json`/],
    [['serve', '--sa', 'x'], /Unknown option '--sa'.*See `mlrb serve --help`\./],
    [['serve', '--ass', 'x'], /Did you mean --as\?/],
    [['serve', '--as'], /argument missing.*See `mlrb serve --help`\./],
    [['show'], /Missing required argument 'run'\. See `mlrb show --help`\./],
    [['runs', 'extra'], /Too many arguments.*See `mlrb runs --help`\./],
  ])('that is wrong is answered with a sentence: %j', async (argv, sentence) => {
    const refusal = await parseCommandLine(argv).catch(error => error);
    expect(refusal).toBeInstanceOf(InputError);
    expect(refusal.message).toMatch(sentence);
    expect(refusal.message.split('\n')).toHaveLength(1);
  });
});

async function helpOf(argv: readonly string[]): Promise<string> {
  const parsed = await parseCommandLine(argv);
  return parsed.type === 'help' ? parsed.text : expect.fail(`${argv.join(' ')} is no help`);
}
