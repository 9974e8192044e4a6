import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { clientBlock } from '../../src/cli/client-block.js';
import { loadConfig } from '../../src/config.js';
import { MAIN } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb, startMlrb } from './mlrb.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

describe('mlrb demo', () => {
  it.each(['The demo plays', '1 of 3:', 'nop reads the task', 'base runs base.py', 'scoring blimp'])(
    'leaves nothing running when Ctrl-C is pressed at "%s"',
    { timeout: 120_000 },
    async moment => {
      const demo = startMlrb(home.path, 'demo');
      await demo.said(moment);
      demo.interrupt();
      const { code, stdout, stderr } = await demo.ended;
      expect(stderr.trim().split('\n').at(-1)).toBe('Stopped.');
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(processesNaming(home.path)).toEqual([]);
      const runs = z
        .array(z.object({ state: z.string() }))
        .parse(JSON.parse((await mlrb(home.path, 'runs --json')).stdout));
      for (const { state } of runs) expect(['cancelled', 'submitted', 'evaluated']).toContain(state);
    },
  );
});

it('the block that the demo ends with starts a server on the same home folder', async () => {
  const config = loadConfig({ flags: { home: home.path }, env: {} });
  const { command, args } = ClientConfiguration.parse(clientBlock(config)).mcpServers.mlrb;
  const client = new Client({ name: 'test', version: '1' });
  // From the sources the block names a file beside them, which only dist/ has.
  const built = [MAIN, ...args.slice(1)];
  await client.connect(new StdioClientTransport({ command, args: built, stderr: 'ignore' }));
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toContain('start_run');
  expect(processesNaming(home.path)).not.toEqual([]);
  await client.close();
});

/** What the configuration files of MCP clients take. */
const ClientConfiguration = z.object({
  mcpServers: z.object({ mlrb: z.object({ command: z.string(), args: z.array(z.string()) }) }),
});
