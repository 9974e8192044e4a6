import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import type { Config } from '../config.js';
import { PACKAGE_ROOT } from '../lib/package-root.js';
import { MAIN } from './evaluation-process.js';
import { changedSettingFlags } from './settings-flags.js';

/** npm's own record beside a package that `npx` fetched. */
const NpxFolder = z.object({ _npx: z.object({ packages: z.tuple([z.string()]) }) });

/** The JSON that plugs any MCP client into this installation with these settings. */
export function clientBlock(config: Config): string {
  const settings = changedSettingFlags(config);
  const spec = npxSpec();
  const server =
    spec === undefined
      ? { command: process.execPath, args: [MAIN, 'serve', ...settings] }
      : { command: 'npx', args: ['-y', spec, 'serve', ...settings] };
  return JSON.stringify({ mcpServers: { mlrb: server } }, null, 2);
}

/** What was given to `npx`, if it is how this program was started. */
function npxSpec(): string | undefined {
  const modules = dirname(PACKAGE_ROOT);
  if (basename(modules) !== 'node_modules') return undefined;
  try {
    const text = readFileSync(join(dirname(modules), 'package.json'), 'utf8');
    const spec = NpxFolder.parse(JSON.parse(text))._npx.packages[0];
    return /^(file:|\.{0,2}\/)/.test(spec) ? resolve(spec.replace(/^file:/, '')) : spec;
  } catch {
    return undefined;
  }
}
