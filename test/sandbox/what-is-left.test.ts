import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changesFromNow, controlGroupsOf, processesIn } from '../../src/sandbox/docker/what-is-left.js';
import { makeRun, startUntilReady } from '../contract/sandbox.js';
import { docker, dockerBackend, dockerLack, needsDocker } from '../helpers/docker.js';

const backend = dockerBackend('/test-home');

describe('files that change after the end', () => {
  let folder: string;
  let workspace: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mlrb-left-'));
    workspace = join(folder, 'workspace');
    await mkdir(join(workspace, 'submission'), { recursive: true });
    await writeFile(join(workspace, 'submission', 'model'), 'good');
  });
  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  test('are none where nothing writes', async () => {
    expect(await changesFromNow(workspace, join(folder, 'mark'))).toEqual({ looked_at: 2, changed: 0 });
  });

  test('are found, though they keep their size and say they are old', async () => {
    const script =
      'echo ready; while sleep 0.01; do echo evil > submission/model; touch -d 2020-01-01 submission/model; done';
    const writer = spawn('bash', ['-c', script], { cwd: workspace, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(createInterface(writer.stdout), 'line');
    const { changed } = await changesFromNow(workspace, join(folder, 'mark'));
    writer.kill();
    await once(writer, 'exit');
    expect(changed).toBeGreaterThan(0);
  });

  test('are looked for in a workspace of any size only so long', async () => {
    await mkdir(join(workspace, 'many'));
    execFileSync('bash', ['-c', 'touch $(seq 5100)'], { cwd: join(workspace, 'many') });
    const { looked_at, changed } = await changesFromNow(workspace, join(folder, 'mark'));
    expect([looked_at, changed]).toEqual([5000, 0]);
  });
});

describe.skipIf(dockerLack)(needsDocker('processes of a container'), () => {
  test('are counted from outside while it runs, and there are none when the run has ended', async () => {
    await using run = await makeRun(backend);
    await startUntilReady(run.sandbox, '(setsid sleep 1000 &); echo ready; sleep 1000');
    const pid = Number(docker('inspect', '--format', '{{.State.Pid}}', `mlrb-${run.spec.run_id}`));
    const groups = await controlGroupsOf(pid);
    expect(await processesIn(groups ?? [])).toBeGreaterThan(3);
    expect(await backend.destroy(run.spec)).toEqual({
      ok: true,
      processes_left: 0,
      files_changed: 0,
      files_looked_at: 2,
      gpu_memory: null,
    });
    expect(await processesIn(groups ?? [])).toBe(0);
    expect(await backend.destroy(run.spec)).toMatchObject({ ok: true, processes_left: 0 });
  });
});
