import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { type Contestant, connect } from '../helpers/contestant.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb, startMlrb } from './mlrb.js';

const SLOW = { timeout: 60_000, interval: 50 };

let folder: string;
let home: string;
let program: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mlrb-setup-'));
  home = join(folder, 'home');
  program = await makeInterpreter();
});
afterEach(async () => {
  await rm(mark('stall'), { force: true });
  await endAllRuns(home);
  await vi.waitUntil(() => processesNaming(folder).length === 0, SLOW);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

describe('the Python environment that a server needs', { timeout: 180_000 }, () => {
  it('is made on when the client that asked for it has gone, and the next one is told how far it is', async () => {
    await writeFile(mark('stall'), '');
    const first = await client();
    expect((await first.call('start_run', { task_id: 'mini_baby_lm' })).text).toMatch(/is being made, once/);
    await first.close();
    await vi.waitUntil(() => existsSync(mark('begun')), SLOW);

    const second = await client();
    expect((await second.call('start_run', { task_id: 'mini_baby_lm' })).text).toMatch(
      /is being made, once: 1 of \d+, looking for torch\. Try again in a minute/,
    );
    process.kill(second.pid, 'SIGKILL');
    await rm(mark('stall'));

    await using third = await client();
    await vi.waitUntil(
      async () => !(await third.call('start_run', { task_id: 'mini_baby_lm' })).isError,
      SLOW,
    );
    expect(installations()).toBe(1);
  });

  it('is made once for two servers that ask at the same moment', async () => {
    await writeFile(mark('stall'), '');
    await using one = await client('one');
    await using two = await client('two');
    const seen = await Promise.all([one, two].map(me => me.call('start_run', { task_id: 'mini_baby_lm' })));
    for (const { text } of seen) expect(text).toMatch(/is being made, once/);
    expect(processesNaming('main.js setup').filter(line => line.includes(home))).toHaveLength(1);
    await rm(mark('stall'));
    await vi.waitUntil(async () => !(await one.call('start_run', { task_id: 'mini_baby_lm' })).isError, SLOW);
    await two.ok('start_run', { task_id: 'mini_baby_lm' });
    expect(installations()).toBe(1);
  });

  it('lacks Python: every call says so, until there is one', async () => {
    await rename(program, `${program}.away`);
    await using me = await client();
    const seen: string[] = [];
    for (let asked = 0; asked < 3; asked += 1)
      seen.push((await me.call('start_run', { task_id: 'mini_baby_lm' })).text);
    await using other = await client('other');
    seen.push((await other.call('start_run', { task_id: 'mini_baby_lm' })).text);
    expect(seen[0]).toMatch(/does not start as a Python interpreter\. Install Python 3\.10 or newer/);
    expect(new Set(seen).size).toBe(1);
    await rename(`${program}.away`, program);
    await vi.waitUntil(async () => !(await me.call('start_run', { task_id: 'mini_baby_lm' })).isError, SLOW);
  });

  it('cannot reach the index: the reason is told also while it is tried again, until it gets further', async () => {
    await writeFile(mark('stall'), '');
    await writeFile(mark('broken'), '');
    await using me = await client();
    const startRun = () => me.call('start_run', { task_id: 'mini_baby_lm' });
    expect((await startRun()).text).toMatch(/is being made, once/);
    await rm(mark('stall'));
    await vi.waitUntil(async () => !/is being made, once/.test((await startRun()).text), SLOW);
    await writeFile(mark('stall'), '');
    let text = '';
    while (!text.includes('It is being tried again now')) {
      text = (await startRun()).text;
      expect(text).toContain('The package index cannot be reached. Check the network');
    }
    await rm(mark('broken'));
    await rm(mark('stall'));
    await vi.waitUntil(async () => !(await startRun()).isError, SLOW);
  });
});

describe('mlrb setup', { timeout: 180_000 }, () => {
  it('that was killed leaves a pip, which cleanup ends at once with what it had made', async () => {
    await writeFile(mark('stall'), '');
    const setup = startMlrb(home, `setup --python-program ${program}`);
    await vi.waitUntil(() => existsSync(mark('begun')), SLOW);
    await vi.waitUntil(isPipNoted, SLOW);
    setup.process.kill('SIGKILL');
    await setup.ended;
    expect(processesNaming('-m pip').filter(line => line.includes(home))).toHaveLength(1);
    expect((await mlrb(home, 'cleanup --dry-run')).stderr).toContain('never finished');
    expect((await mlrb(home, 'cleanup')).stderr).toContain('never finished');
    expect(processesNaming(home)).toEqual([]);
    expect((await readdir(join(home, 'python'))).filter(name => !name.includes('.'))).toEqual([]);
    expect((await mlrb(home, 'cleanup')).stdout).toContain('Nothing was left behind.');
  });

  it('is not touched by cleanup while it works', async () => {
    await writeFile(mark('stall'), '');
    const setup = startMlrb(home, `setup --python-program ${program}`);
    await vi.waitUntil(() => existsSync(mark('begun')), SLOW);
    expect((await mlrb(home, 'cleanup')).stdout).toContain('Nothing was left behind.');
    await rm(mark('stall'));
    expect(await setup.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('bin/python') });
  });

  it('ends pip also on a second Ctrl-C, which waits for nothing', async () => {
    await writeFile(mark('stall'), '');
    await writeFile(mark('stubborn'), '');
    const setup = startMlrb(home, `setup --python-program ${program}`);
    await vi.waitUntil(() => existsSync(mark('begun')), SLOW);
    expect(await setup.interruptImpatiently()).toMatchObject({ code: 130 });
    await vi.waitUntil(() => processesNaming(home).length === 0, SLOW);
  });
});

function client(principal = 'tester'): Promise<Contestant> {
  return connect({ home, principal, flags: ['--python-program', program] });
}

/** Whether the pip that is at work is the one that is noted, as it is a moment after it began. */
async function isPipNoted(): Promise<boolean> {
  const [name = ''] = (await readdir(join(home, 'python'))).filter(entry => !entry.includes('.'));
  const noted = /"pid":(\d+)/.exec(await readFile(join(home, 'python', name, 'making.json'), 'utf8'))?.[1];
  const processes = execFileSync('ps', ['axww', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  return processes.some(
    line => line.includes(`${name}/bin/python -m pip`) && line.trim().startsWith(`${noted} `),
  );
}

function mark(name: string): string {
  return join(folder, name);
}

/** An environment takes two calls of pip: one for the largest package, one for all. */
function installations(): number {
  return readFileSync(mark('begun'), 'utf8').length / 2;
}

/**
 * A Python like any other, but that what its pip installs is there already: pip only says so, waits while the mark `stall` is
 * there, and fails while `broken` is. While `stubborn` is there it cannot be asked to end.
 */
async function makeInterpreter(): Promise<string> {
  const real = inject('python');
  const ofEnvironment = await script(
    'environment-python',
    `if [ "$2" = pip ]; then
  [ -e '${mark('stubborn')}' ] && trap '' TERM
  echo "Collecting torch"
  printf x >> '${mark('begun')}'
  while [ -e '${mark('stall')}' ]; do sleep 0.05; done
  if [ -e '${mark('broken')}' ]; then echo "NewConnectionError: Network is unreachable"; exit 1; fi
  exit 0
fi
exec '${real}' "$@"`,
  );
  return script(
    'python-with-pip-at-hand',
    `if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin" && cp '${ofEnvironment}' "$3/bin/python"; exit; fi
exec '${real}' "$@"`,
  );
}

async function script(name: string, body: string): Promise<string> {
  const path = mark(name);
  await writeFile(path, `#!/bin/sh\n${body}\n`);
  await chmod(path, 0o755);
  return path;
}
