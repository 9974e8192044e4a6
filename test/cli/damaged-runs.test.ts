import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunStore } from '../../src/runs/run-store.js';
import { homeLabel } from '../../src/sandbox/docker/run-container.js';
import { connect } from '../helpers/contestant.js';
import { docker, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb } from './mlrb.js';

let home: Awaited<ReturnType<typeof makeHome>>;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

const DAMAGES = [
  ['cut short', (record: string) => writeFile(record, '{'), /The record .*run\.json is damaged/],
  ['gone', (record: string) => rm(record), /has no record of its run: run\.json is missing\. Restore it/],
] as const;

describe.each(DAMAGES)('a run that is on and whose record is %s', (_how, damage, sentence) => {
  it('is ended by cancel', async () => {
    const runId = await startedRun();
    await damage(recordOf(runId));
    expect((await mlrb(home.path, 'runs')).stderr).toMatch(sentence);
    const { code, stdout } = await mlrb(home.path, `cancel ${runId}`);
    expect(stdout).toContain(`Nothing of run ${runId} runs any more.`);
    expect(stdout).toMatch(sentence);
    expect(code).toBe(0);
    expect(processesNaming(home.path)).toEqual([]);
  });

  it('is ended by cleanup, which keeps its files', async () => {
    const runId = await startedRun();
    await damage(recordOf(runId));
    const looked = await mlrb(home.path, 'cleanup --dry-run');
    expect(looked.stderr).toMatch(sentence);
    expect(looked.stderr).toContain(`${runId}: its sandbox is on, and nobody can use it.`);
    expect(processesNaming(home.path)).not.toEqual([]);
    expect(await mlrb(home.path, 'cleanup')).toMatchObject({ code: 0, stderr: looked.stderr });
    expect(processesNaming(home.path)).toEqual([]);
    const { stderr } = await mlrb(home.path, 'cleanup');
    expect(stderr).toMatch(sentence);
    expect(stderr).not.toContain('its sandbox is on');
    expect(existsSync(join(home.path, 'runs', runId, 'workspace', 'README.md'))).toBe(true);
  });
});

describe('a run that is on and whose folder is removed', () => {
  it('is ended by itself', async () => {
    const runId = await startedRun();
    await rm(new RunStore(home.path).folder(runId).root, { recursive: true });
    await vi.waitUntil(() => processesNaming(home.path).length === 0, { timeout: 30_000 });
    expect((await mlrb(home.path, 'cleanup')).stdout).toContain('Nothing was left behind.');
  });

  it.runIf(process.platform === 'linux')('is ended by cleanup where its executor hangs', async () => {
    const runId = await startedRun();
    const { root } = new RunStore(home.path).folder(runId);
    const { pid } = JSON.parse(await readFile(join(root, 'sandbox', 'executor.json'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    await rm(root, { recursive: true });
    const looked = await mlrb(home.path, 'cleanup --dry-run');
    expect(looked.stderr).toBe(
      `${runId}: its folder was removed while it was on, and its processes still run.\n`,
    );
    expect(processesNaming(home.path)).not.toEqual([]);
    expect(await mlrb(home.path, 'cleanup')).toMatchObject({ code: 0, stderr: looked.stderr });
    expect(processesNaming(home.path)).toEqual([]);
    expect((await mlrb(home.path, 'cleanup')).stdout).toContain('Nothing was left behind.');
    expect(existsSync(root)).toBe(false);
  });
});

it('a run whose trace has become a folder is told of, to its contestant and to the operator', async () => {
  const runId = await startedRun();
  const { trace } = new RunStore(home.path).folder(runId);
  await rm(trace);
  await mkdir(trace);
  const sentence = `What happens in ${runId} cannot be recorded: in its folder, trace.jsonl is a folder and not a file. The operator must move it away; then try again.`;
  {
    await using contestant = await connect({ home: home.path });
    const seen = await contestant.call('run_status');
    expect(seen.isError).toBe(true);
    expect(seen.text).toContain(sentence);
    await rm(trace, { recursive: true });
    await contestant.ok('run_status');
    await rm(trace);
    await mkdir(trace);
  }
  expect(await mlrb(home.path, `show ${runId}`)).toEqual({ code: 1, stdout: '', stderr: `${sentence}\n` });
  await rm(trace, { recursive: true });
});

it('a run of another version is told of and left alone by cleanup', async () => {
  const runId = await startedRun();
  const whole = JSON.parse(await readFile(recordOf(runId), 'utf8'));
  await writeFile(recordOf(runId), JSON.stringify({ ...whole, version: 2 }));
  expect((await mlrb(home.path, 'cleanup')).stderr).toMatch(/is damaged or of another version/);
  expect(processesNaming(home.path)).not.toEqual([]);
});

describe.skipIf(dockerLack)(needsDocker('a container whose run has a record'), () => {
  const runId = 'run_00000000000000bb';
  let container: string;
  beforeEach(() => {
    const labels = ['--label', `mlrb.home=${homeLabel(home.path)}`, '--label', `mlrb.run=${runId}`];
    container = docker('run', '--detach', ...labels, TEST_IMAGE, 'sleep', '1000');
  });
  afterEach(() => docker('rm', '--force', container));
  const isThere = () => docker('ps', '--quiet', '--no-trunc').includes(container);

  it('of another version is left alone by cleanup', async () => {
    await mkdir(join(home.path, 'runs', runId), { recursive: true });
    await writeFile(recordOf(runId), JSON.stringify({ version: 2, state: 'running' }));
    expect((await mlrb(home.path, 'cleanup')).stdout).not.toContain('a container of');
    expect(isThere()).toBe(true);
  });

  it('that is damaged is removed by cleanup', async () => {
    await mkdir(join(home.path, 'runs', runId), { recursive: true });
    await writeFile(recordOf(runId), '{');
    expect((await mlrb(home.path, 'cleanup')).stderr).toMatch(/: a container of a run that is over or gone/);
    expect(isThere()).toBe(false);
  });
});

it('the folder of a run that never began is removed once it cannot be one that just begins', async () => {
  const { root, workspace } = new RunStore(home.path).folder('run_00000000000000aa');
  await mkdir(workspace, { recursive: true });
  expect((await mlrb(home.path, 'cleanup')).stdout).toContain('Nothing was left behind.');
  expect(existsSync(root)).toBe(true);
  await utimes(root, new Date(0), new Date(0));
  expect((await mlrb(home.path, 'cleanup')).stderr).toContain('its server died before it had begun');
  expect(existsSync(root)).toBe(false);
});

function recordOf(runId: string): string {
  return new RunStore(home.path).folder(runId).record;
}

/** A run that is on, with a job in it and no server. */
async function startedRun(): Promise<string> {
  await using contestant = await connect({ home: home.path });
  const { data } = await contestant.ok('start_run', { task_id: 'mini_baby_lm' });
  await contestant.ok('run_bash', { script: 'sleep 600', wait_s: 0 });
  return String(data.run_id);
}
