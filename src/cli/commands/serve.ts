import { setFlagsFromString } from 'node:v8';
import { z } from 'zod';
import { packageVersion } from '../../lib/package-root.js';
import { defineCommand } from '../command.js';

/**
 * How far the heap may grow beyond what is in use before all of it is collected, percent. V8's own measure lets a server that
 * answers many pages grow by 100 MB, since the library's check of each answer leaves it where only a full collection finds it.
 */
const HEAP_GROWTH_PERCENT = 20;
const PRINCIPAL = /^[A-Za-z0-9._-]{1,64}$/;

export const serve = defineCommand({
  name: 'serve',
  summary: 'the MCP server on standard input and output, for an agent to connect to',
  details:
    'Standard output carries the protocol and nothing else; warnings go to standard error. Runs and their jobs live on when the client goes: the next client of the same name goes on in them.',
  options: [
    ['--as <name>', 'who is calling: a name has one current run [default]'],
    ['--task <id>', 'offer this task only'],
  ],
  examples: [
    ['mlrb serve', 'what an MCP client starts by itself; see the README for its configuration'],
    ['mlrb serve --as alice --task mini_baby_lm', 'one task, for a contestant of this name'],
  ],
  input: z.object({
    as: z
      .string()
      .regex(PRINCIPAL, 'a name has 1 to 64 letters, digits, dots, dashes or underscores')
      .default('default'),
    task: z.string().optional(),
  }),
  async run({ as, task }, { config, signal, log }) {
    const [{ composeHost }, { serveOnStdio }, { findTask }] = await Promise.all([
      import('../compose.js'),
      import('../../server/serve-stdio.js'),
      import('../../tasks/tasks.js'),
    ]);
    setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
    const host = composeHost(config, { signal, log });
    const offered = task === undefined ? host.offered : [findTask(host.tasks, task)];
    if (host.backend.warning !== null) log.warn(host.backend.warning);
    // A contest must not end because of a fault in one call: it is logged, and the server goes on.
    process.on('uncaughtException', error =>
      log.error({ error: String(error), stack: error.stack }, 'fault'),
    );
    process.on('unhandledRejection', reason => log.error({ error: String(reason) }, 'fault'));
    await serveOnStdio({
      principal: as,
      host: { ...host, offered },
      config,
      version: packageVersion(),
      signal,
    });
    return 0;
  },
});
