import { z } from 'zod';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import type { HostCheck } from '../host-check.js';
import { checkHost } from '../host-checks.js';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'what this host lacks, each line with the remedy',
  details: 'Exit code 1 if something is missing.',
  options: [JSON_OPTION],
  examples: [['mlrb doctor', 'checks Node, Python, disk, memory and the rest']],
  input: z.object({ json: JsonFlag }),
  async run({ json }, { config, signal, print }) {
    const checks = await checkHost(config, signal);
    print(json ? JSON.stringify(checks, null, 2) : checks.map(line).join('\n'));
    return checks.some(({ state }) => state === 'missing') ? 1 : 0;
  },
});

function line({ name, state, found, remedy }: HostCheck): string {
  return `${state.padEnd(8)}  ${name}: ${found}${remedy === '' ? '' : `. ${remedy}`}`;
}
