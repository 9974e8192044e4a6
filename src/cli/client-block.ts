import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import { MAIN } from './evaluation-process.js';
import { changedSettingFlags } from './settings-for-children.js';

/** npm's own record beside a package that `npx` fetched. */
const NpxFolder = z.object({
  dependencies: z.object({ mlrb: z.string() }),
  _npx: z.object({ packages: z.array(z.string()).nonempty() }),
});

/** The JSON that plugs any MCP client into this installation with these settings. */
export function clientBlock(config: Config): object {
  const settings = changedSettingFlags(config);
  const spec = npxSpec();
  const server =
    spec === undefined
      ? { command: process.execPath, args: [MAIN, 'serve', ...settings] }
      : { command: 'npx', args: ['-y', spec, 'serve', ...settings] };
  return { mcpServers: { mlrb: server } };
}

/** What to give to `npx` from any folder, if it is how this program was started. */
function npxSpec(): string | undefined {
  const modules = dirname(PACKAGE_ROOT);
  if (basename(modules) !== 'node_modules') return undefined;
  const folder = dirname(modules);
  try {
    const record = NpxFolder.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    const { mlrb } = record.dependencies;
    return mlrb.startsWith('file:') ? resolve(folder, mlrb.slice('file:'.length)) : record._npx.packages[0];
  } catch {
    return undefined;
  }
}
