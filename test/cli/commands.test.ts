import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { connect, MAIN } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { endAllRuns } from '../helpers/runs.js';
import { EXAMPLE } from '../runs/intake/model-folder.js';
import { mlrb } from './mlrb.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

describe('exit codes', () => {
  it('0 where all went well', async () => {
    expect(await mlrb(home.path, 'tasks')).toMatchObject({ code: 0, stderr: '' });
  });

  it('only when all is printed, however slowly it is read', async () => {
    const line = `'${process.execPath}' '${MAIN}' tasks --json --home '${home.path}' | (sleep 1; cat)`;
    const { stdout } = await promisify(execFile)('sh', ['-c', line], { maxBuffer: 1e7 });
    expect(stdout.length).toBeGreaterThan(65_536); // what a pipe holds
    expect(JSON.parse(stdout).length).toBeGreaterThan(1);
  });

  it.each([
    [
      '2 for a wrong setting',
      'runs --jobs-wait-s 99',
      /^The setting --jobs-wait-s is not right, as 99 was given: it takes a number 0 to 50\. `mlrb help settings` lists all settings\.$/,
    ],
    [
      '2 for a format that is not there',
      'report --format yaml',
      /^--format is not right, as "yaml" was given: it takes one of table, markdown, csv, json\. See `mlrb report --help`\.$/,
    ],
    [
      '2 for a number that is none',
      'agent --task mini_baby_lm --model script:nop --runs x',
      /^--runs is not right, as "x" was given: a whole number from 1 to 1000\./,
    ],
    [
      '2 for a settings file that is not there',
      'runs --config /no/such/file',
      /settings file .* cannot be read/,
    ],
    ['2 for an unknown run', 'show run_0123', /There is no run "run_0123"\. `mlrb runs` lists/],
    ['2 for an unknown task', 'tasks mini_baby', /No task named "mini_baby"\. Did you mean "mini_baby_lm"\?/],
    ['2 for an agent without a task', 'agent --model script:nop', /--task is not right: a task is needed/],
    [
      '2 for a contestant that is not there',
      'agent --task mini_baby_lm --model script:no',
      /Known: script:nop/,
    ],
    [
      '2 for half of an evaluation',
      'evaluate --task mini_baby_lm',
      /Give either a run, or --task and --model/,
    ],
    [
      '2 for a model folder that is not there',
      'evaluate --task mini_baby_lm --model /no/such',
      /There is no folder \/no\/such/,
    ],
    ['2 for a name that is none', 'serve --as a/b', /--as is not right, as "a\/b" was given: a name has/],
  ])('%s', async (code, line, sentence) => {
    const ended = await mlrb(home.path, line);
    expect(ended.stderr.trim()).toMatch(sentence);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended).toMatchObject({ code: Number(code[0]), stdout: '' });
  });
});

describe('a home folder that cannot be used is one sentence', () => {
  it.each(['runs', 'report', 'show last', 'cancel last', 'evaluate last', 'cleanup'])(
    'for %s, where it lies below a file',
    async line => {
      const file = join(home.path, 'file');
      await writeFile(file, '');
      const ended = await mlrb(join(file, 'home'), line);
      expect(ended.stderr).toMatch(
        /^The home folder .* cannot be used: .* no folder\. .* --home or MLRB_HOME\.\n$/,
      );
      expect(ended.code).toBe(1);
    },
  );

  it('for a command that writes, where this user may not', async () => {
    const ended = await mlrb('/sys/home', `evaluate --task mini_baby_lm --model ${EXAMPLE}`);
    expect(ended.stderr.trim().split('\n').at(-1)).toMatch(
      /^The home folder \/sys\/home cannot be used: .* --home or MLRB_HOME\.$/,
    );
    expect(ended.code).toBe(1);
  });

  it.each(['runs', 'doctor', 'demo'])('for %s, where making it would never end', async line => {
    const ended = await mlrb('/proc/home', line);
    expect(ended.stderr).toMatch(/^The home folder \/proc\/home cannot be used: .*--home or MLRB_HOME\.\n$/);
    expect(ended.code).toBe(2);
  });
});

describe('without Python', () => {
  it.each(['demo', 'setup', 'agent --task mini_baby_lm --model script:nop'])(
    '%s says what to install',
    async line => {
      const ended = await mlrb(join(home.path, 'fresh'), `${line} --python-program no-such-python`);
      expect(ended.stderr.trim().split('\n').at(-1)).toMatch(
        /"no-such-python" does not start as a Python interpreter\. Install Python 3\.10 or newer/,
      );
      expect(ended.code).toBe(1);
    },
  );

  it('doctor names it, with the remedy, and answers 1', async () => {
    const { code, stdout } = await mlrb(home.path, 'doctor --python-program no-such-python');
    expect(stdout).toMatch(/^missing {3}Python: no-such-python\. .*Install Python 3\.10 or newer/m);
    expect(stdout).toMatch(/^ok {8}Node: /m);
    expect(code).toBe(1);
  });
});

describe('runs', () => {
  it('are listed, shown by the beginning of their id, reported, and cancelled with all that they run', async () => {
    const runId = await startedRun('alice');
    expect((await mlrb(home.path, 'runs')).stdout).toMatch(new RegExp(`${runId} .*alice .*running`));
    const shown = JSON.parse((await mlrb(home.path, `show ${runId.slice(0, 10)} --trace --json`)).stdout);
    expect(shown).toMatchObject({ run: { run_id: runId, principal: 'alice' }, evaluation: null });
    expect(shown.trace.map(({ tool }: { tool?: string }) => tool)).toContain('run_bash');
    expect(existsSync(join(shown.folder, 'trace.jsonl'))).toBe(true);

    expect(await mlrb(home.path, 'cancel last')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is cancelled'),
    });
    expect(await mlrb(home.path, 'cancel last')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('is over already'),
    });
    const { runs, averages } = JSON.parse((await mlrb(home.path, 'report --json')).stdout);
    expect(runs).toMatchObject([{ run_id: runId, outcome: 'no_submission', value: null }]);
    expect(averages).toMatchObject([
      { contestant: 'alice', runs: 1, valid: 0, mean_failures_zero: 0, mean_valid: null },
    ]);
    expect((await mlrb(home.path, 'report --contestant bob')).stdout).toMatch(/No run fits/);
    const named = await mlrb(home.path, `report ${runId.slice(0, 10)} last --json`);
    expect(JSON.parse(named.stdout).runs).toHaveLength(2);
    expect(await mlrb(home.path, 'report run_0123')).toMatchObject({ code: 2, stdout: '' });
  });

  it('whose record is damaged are told of, and the others are shown all the same', async () => {
    const runId = await startedRun('alice');
    const damaged = join(home.path, 'runs', 'run_00000000000000aa');
    await mkdir(damaged, { recursive: true });
    await writeFile(join(damaged, 'run.json'), '{');
    const { code, stdout, stderr } = await mlrb(home.path, 'runs');
    expect(stdout).toContain(runId);
    expect(stderr).toMatch(/run_00000000000000aa is left out\. The record .* is damaged .* Restore it/);
    expect(code).toBe(0);
  });

  it('are shown where the record of their evaluation is damaged, with what mends it', async () => {
    const runId = await startedRun('alice');
    await mkdir(join(home.path, 'runs', runId, 'evaluation'), { recursive: true });
    await writeFile(join(home.path, 'runs', runId, 'evaluation', 'evaluation.json'), '{');
    const { code, stdout } = await mlrb(home.path, `show ${runId}`);
    expect(stdout).toMatch(new RegExp(`is damaged .* \`mlrb evaluate ${runId}\` evaluates anew\\.`));
    expect(stdout).toContain('mini_baby_lm by alice');
    expect(code).toBe(0);
    const shown = JSON.parse((await mlrb(home.path, `show ${runId} --json`)).stdout);
    expect(shown).toMatchObject({ run: { run_id: runId }, evaluation: null });
    expect(shown.evaluation_fault).toMatch(/is damaged/);
  });

  it('with a damaged record of their evaluation do not keep cleanup from the others', async () => {
    const runs = new RunStore(home.path);
    const { run_id } = await runs.create({
      task_id: 'mini_baby_lm',
      task_version: 1,
      principal: 'alice',
      note: null,
      sandbox: 'local',
      network: 'unrestricted',
      budget: { wall_clock_min: 1, cpus: 1, memory_gb: 1, disk_gb: 1, gpus: 0 },
    });
    await runs.withRun(run_id, async () => {
      await runs.step(run_id, 'running');
      await runs.step(run_id, 'submitted');
    });
    await mkdir(runs.folder(run_id).evaluation, { recursive: true });
    await writeFile(runs.folder(run_id).evaluationRecord, '{');
    const { code, stderr } = await mlrb(home.path, 'cleanup --dry-run');
    expect(stderr).toContain(`\`mlrb evaluate ${run_id}\` does it.`);
    expect(code).toBe(0);
  });

  it('that were left by a crash are closed by cleanup, which a dry run only announces', async () => {
    const environment = join(home.path, 'own', 'python', '0123456789abcdef');
    await mkdir(environment, { recursive: true });
    const own = join(home.path, 'own');
    const dead = join(own, 'scratch', 'eval-999999999-x');
    const inUse = join(own, 'scratch', `eval-${process.pid}-x`);
    await mkdir(dead, { recursive: true });
    await mkdir(inUse);
    const oldRows = join(own, 'cache', 'rows', 'a'.repeat(64));
    const freshRows = join(own, 'cache', 'rows', 'b'.repeat(64));
    for (const rows of [oldRows, freshRows]) await mkdir(join(rows, 'blimp'), { recursive: true });
    const longAgo = new Date(Date.now() - 8 * 24 * 3600 * 1000);
    for (const path of [join(oldRows, 'blimp'), oldRows, freshRows]) await utimes(path, longAgo, longAgo);
    const { stderr } = await mlrb(own, 'cleanup --dry-run');
    expect(stderr).toContain('never finished');
    expect(stderr).toContain(dead);
    expect(stderr).toContain(`${oldRows}: rows of an evaluation that was broken off`);
    expect([environment, dead, oldRows].map(path => existsSync(path))).toEqual([true, true, true]);
    await mlrb(own, 'cleanup');
    const left = [environment, dead, inUse, oldRows, freshRows].map(path => existsSync(path));
    expect(left).toEqual([false, false, true, false, true]);
    expect((await mlrb(own, 'cleanup')).stdout).toContain('Nothing was left behind.');
  });
});

/** A run that is on, with a job in it. */
async function startedRun(principal: string): Promise<string> {
  await using contestant = await connect({ home: home.path, principal });
  const { data } = await contestant.ok('start_run', { task_id: 'mini_baby_lm' });
  await contestant.ok('run_bash', { script: 'sleep 600', wait_s: 0 });
  return String(data.run_id);
}
