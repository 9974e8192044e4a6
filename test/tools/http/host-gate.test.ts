import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { HostGate } from '../../../src/tools/support/http/host-gate.js';

const PROGRAM = fileURLToPath(new URL('./gate-program.ts', import.meta.url));
const signal = new AbortController().signal;

describe('the gate to a host', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-gate-'));
    file = join(folder, 'host.json');
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('three processes together keep to the limit', async () => {
    const pace = { requests: 6, windowMs: 2000 };
    const run = promisify(execFile);
    const outputs = await Promise.all(
      [1, 2, 3].map(() =>
        run(process.execPath, [
          '--import',
          'tsx',
          PROGRAM,
          file,
          '8',
          String(pace.requests),
          String(pace.windowMs),
        ]),
      ),
    );
    const times = outputs.flatMap(({ stdout }) => JSON.parse(stdout) as number[]).sort((a, b) => a - b);
    expect(times).toHaveLength(24);
    for (const [at, time] of times.entries()) {
      const later = times[at + pace.requests];
      if (later !== undefined) expect(later - time).toBeGreaterThanOrEqual(pace.windowMs);
    }
  });

  test('who would have to wait too long hears at once when to come back', async () => {
    const gate = new HostGate(file, { requests: 1, windowMs: 5000, concurrent: 5 });
    const began = Date.now();
    (await gate.enter({ deadline: Date.now() + 100, signal }))();
    const closed = await gate.enter({ deadline: Date.now() + 1000, signal }).catch(error => error);
    expect(closed).toMatchObject({ name: 'GateClosed' });
    expect(closed.opensAt - began).toBeGreaterThan(4000);
  });

  test('no more than so many are under way at once, and an aborted wait takes no place', async () => {
    const gate = new HostGate(file, { requests: 100, windowMs: 100, concurrent: 1 });
    const leave = await gate.enter({ deadline: Date.now() + 5000, signal });
    const impatient = new AbortController();
    const second = gate.enter({ deadline: Date.now() + 5000, signal: impatient.signal });
    impatient.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    const third = gate.enter({ deadline: Date.now() + 5000, signal });
    leave();
    (await third)();
  });

  test('a pause holds, and a damaged file costs nothing but what it knew', async () => {
    const gate = new HostGate(file, { requests: 10, windowMs: 100, concurrent: 5 });
    await gate.pause(Date.now() + 60_000);
    const other = new HostGate(file, { requests: 10, windowMs: 100, concurrent: 5 });
    await expect(other.enter({ deadline: Date.now() + 500, signal })).rejects.toMatchObject({
      name: 'GateClosed',
    });
    await writeFile(file, '{"half');
    const third = new HostGate(file, { requests: 10, windowMs: 100, concurrent: 5 });
    (await third.enter({ deadline: Date.now() + 500, signal }))();
  });
});
