import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';

const MAIN = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
/** Any image with Python and bash will do: what is measured does not depend on it. */
const IMAGE = process.env.MLRB_TEST_IMAGE ?? 'mlrb-base:bookworm';

/** A home folder of its own whose settings say Docker. Disposing ends its runs and removes it. */
export interface DockerHome extends AsyncDisposable {
  readonly path: string;
}

export async function dockerHome(): Promise<DockerHome> {
  const path = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  await writeFile(
    join(path, 'config.json'),
    JSON.stringify({
      sandbox: 'docker',
      docker: { image: IMAGE },
      jobs: { output_chars: 30_000 }, // the largest pages that there are
      log_level: 'error',
    }),
  );
  return {
    path,
    async [Symbol.asyncDispose]() {
      for (const { run_id } of JSON.parse(mlrb(path, 'runs', '--json'))) mlrb(path, 'cancel', run_id);
      await rm(path, { recursive: true, force: true });
    },
  };
}

export function mlrb(home: string, ...args: string[]): string {
  return execFileSync(process.execPath, [MAIN, ...args, '--home', home], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** A client with a server of its own. */
export interface DockerContestant extends AsyncDisposable {
  readonly pid: number;
  /** Calls a tool and fails on an error. */
  call(tool: string, input?: Record<string, unknown>): Promise<Record<string, unknown>>;
}

export async function contestant(home: string, principal: string): Promise<DockerContestant> {
  const args = [MAIN, 'serve', '--home', home, '--as', principal];
  const transport = new StdioClientTransport({ command: process.execPath, args, stderr: 'inherit' });
  const client = new Client({ name: 'bench', version: '1' });
  await client.connect(transport);
  return {
    pid: transport.pid ?? 0,
    async call(tool, input = {}) {
      const answer = await client.callTool({ name: tool, arguments: input });
      if (answer.isError === true) throw new Error(`${tool}: ${JSON.stringify(answer.content)}`);
      return { ...(answer.structuredContent as Record<string, unknown>) };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}

export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

/** Why none of this can be measured here; undefined where it can. */
export function whyNoDocker(): string | undefined {
  try {
    docker('image', 'inspect', IMAGE);
    return undefined;
  } catch {
    return `no Docker engine answers, or it has no image ${IMAGE} (MLRB_TEST_IMAGE names another)`;
  }
}
