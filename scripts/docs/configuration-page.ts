import { listSettings, type Setting } from '../../src/config.js';
import { page, table } from './markdown.js';

/** Every setting in all its forms. */
export function configurationPage(): string {
  return page(
    '# Configuration',
    'A flag wins over the environment, the environment over the settings file, the file over the default. The settings file is JSON: `config.json` in the home folder, or the file that `--config` or `MLRB_CONFIG` names. A setting that is not known or not allowed ends the command with a sentence that names it; so does a name in the environment that begins with `MLRB_` and is no setting. A name in the environment that is empty counts as not set: to empty a setting, use its flag, as in `--research-proxy=`.',
    'Many MCP clients hand a server no environment but `HOME`, `PATH` and the like: there, use flags or the file.',
    table(['flag', 'environment', 'values', 'default', 'what it does'], listSettings().map(row)),
    'An example of the file:',
    `\`\`\`json\n${JSON.stringify({ sandbox: 'local', jobs: { wait_s: 30 }, evaluation: { device: 'cpu' } }, null, 2)}\n\`\`\``,
  );
}

function row({ flag, env, values, defaultValue, description }: Setting): string[] {
  return [
    `\`${flag}\``,
    `\`${env}\``,
    values,
    defaultValue === '' ? 'empty' : `\`${defaultValue}\``,
    description,
  ];
}
