import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** Calls a tool and fails on an error. */
  call(tool: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** A server of its own with a run on, and a client connected over stdio. Disposing ends the run and removes the home. */
export async function benchServer(): Promise<BenchServer> {
  const home = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  const shared = join(process.env.MLRB_HOME ?? join(homedir(), '.mlrb'), 'python');
  await mkdir(shared, { recursive: true });
  await symlink(shared, join(home, 'python'));
  const main = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
  execFileSync(process.execPath, [main, 'setup', '--home', home], { stdio: ['ignore', 'ignore', 'inherit'] });
  const args = [main, 'serve', '--home', home, '--as', 'bench'];
  const transport = new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  const call: BenchServer['call'] = async (tool, input) => {
    const answer = await client.callTool({ name: tool, arguments: input });
    if (answer.isError === true) throw new Error(`${tool}: ${JSON.stringify(answer.content)}`);
    return { ...(answer.structuredContent as Record<string, unknown>) };
  };
  const run = await call('start_run', { task_id: 'mini_baby_lm' });
  return {
    pid: transport.pid ?? 0,
    call,
    async [Symbol.asyncDispose]() {
      await client.close();
      execFileSync(process.execPath, [main, 'cancel', String(run.run_id), '--home', home], {
        stdio: 'ignore',
      });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process, MB. */
export function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1000;
}
