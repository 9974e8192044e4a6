import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { homeLabel } from '../../src/sandbox/docker/run-container.js';
import { connect } from '../helpers/contestant.js';
import { docker, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';

const TASK = 'nursery_rhymes';
const DEVICE = `GPU-test-${process.pid}`;

/** Servers are real processes; of the one GPU there is only what its driver would say, and what its lease is. */
describe.skipIf(dockerLack)(needsDocker('two servers on a host with one GPU'), () => {
  let home: string;
  const at = (...names: string[]) => join(home, ...names);
  const server = (principal: string) =>
    connect({
      home,
      principal,
      flags: ['--sandbox', 'docker', '--docker-image', TEST_IMAGE, '--tasks', at('tasks')],
      env: { PATH: `${at('bin')}${delimiter}${process.env.PATH}` },
    });
  const holder = (run: string, of: string) => {
    const labels = { gpus: DEVICE, run, home: homeLabel(of), until: '2030-01-02T03:04:05.000Z' };
    const flags = Object.entries(labels).flatMap(([name, value]) => ['--label', `mlrb.${name}=${value}`]);
    return docker('run', '--detach', ...flags, TEST_IMAGE, 'sleep', '1000');
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'mlrb-gpu-queue-'));
    await mkdir(at('bin'));
    await writeFile(at('bin', 'nvidia-smi'), `#!/bin/sh\necho ${DEVICE}\n`, { mode: 0o755 });
    cpSync(join(PACKAGE_ROOT, 'docs', 'examples', 'tasks'), at('tasks'), { recursive: true });
    const manifest = at('tasks', TASK, 'task.yaml');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('gpus: 0', 'gpus: 1'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test('keep one queue: each tells its contestant who holds it, and its place, and lets it through in turn', async () => {
    await using one = await server('one');
    await using two = await server('two');
    const container = holder('run_of_another', `${home}-other`);
    const ask = async (me: typeof one) => (await me.call('start_run', { task_id: TASK })).text;
    try {
      const held = /No GPU is free for this task: run_of_another holds 1, until 2030-01-02 03:04 UTC/;
      expect(await ask(one)).toMatch(held);
      expect(await ask(two)).toMatch(held);
      expect(await ask(two)).toMatch(/You are number 2 in the queue/);
      expect(await ask(one)).toMatch(/You are number 1 in the queue/);
    } finally {
      docker('rm', '--force', container);
    }
    expect(await ask(two)).toMatch(/others who asked earlier come first\. You are number 2 in the queue/);
    expect(await ask(one)).not.toMatch(/No GPU is free/); // whether the engine can give this device is another matter
    expect(await ask(two)).not.toMatch(/No GPU is free/);
  });

  test('take it back from a run whose folder was removed', async () => {
    await using me = await server('next');
    const container = holder('run_00000000000000ff', home);
    try {
      const { text } = await me.call('start_run', { task_id: TASK });
      expect(text).not.toMatch(/No GPU is free/);
      expect(docker('ps', '--all', '--quiet', '--no-trunc')).not.toContain(container);
    } finally {
      docker('rm', '--force', container);
    }
  });
});
