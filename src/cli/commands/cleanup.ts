import { z } from 'zod';
import { defineCommand } from '../command.js';
import { composeHost } from '../compose.js';
import { cleanUp } from '../leftovers.js';

export const cleanup = defineCommand({
  name: 'cleanup',
  summary: 'end and remove what a crash left behind',
  details:
    'Runs, their files and scores stay. Runs that are on, and what living processes use, are not touched; of a run whose record is damaged, the sandbox is ended.',
  options: [['--dry-run', 'only say what would be done']],
  examples: [['mlrb cleanup --dry-run', 'looks, and changes nothing']],
  input: z.object({ dryRun: z.boolean().default(false) }),
  async run({ dryRun }, { config, signal, log, print, progress }) {
    const host = composeHost(config, { signal, log });
    let found = 0;
    for await (const text of cleanUp(host, config, dryRun ? 'look' : 'act')) {
      found += 1;
      progress.line(text);
    }
    print(
      found === 0 ? 'Nothing was left behind.' : `${found} found${dryRun ? '; nothing was changed' : ''}.`,
    );
    return 0;
  },
});
