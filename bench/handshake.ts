import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PACKAGE_ROOT } from '../src/lib/package-root.js';
import { figure, median } from './support/print.js';

const ROUNDS = 15;
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } },
};

/** From the start of the server's process to the answer to `initialize`, against starting Node alone. */
export async function handshake(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'mlrb-bench-'));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await timeToAnswer(home));
    bare.push(await timeOfNode());
  }
  await rm(home, { recursive: true, force: true });
  figure(
    'handshake: process start to the answer to initialize, median',
    `${median(ours).toFixed(0)} ms`,
    'under 500 ms',
  );
  figure(
    'the same as a multiple of starting Node alone',
    `${(median(ours) / median(bare)).toFixed(1)} x`,
    '–',
  );
}

async function timeToAnswer(home: string): Promise<number> {
  const began = performance.now();
  const main = join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
  const server = spawn(process.execPath, [main, 'serve', '--home', home], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const line = once(createInterface({ input: server.stdout }), 'line');
  server.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
  await line;
  const took = performance.now() - began;
  server.stdin.end();
  await once(server, 'exit');
  return took;
}

async function timeOfNode(): Promise<number> {
  const began = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - began;
}
