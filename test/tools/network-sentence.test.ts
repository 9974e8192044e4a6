import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerBackend } from '../../src/sandbox/docker/docker-backend.js';
import { mlrb } from '../cli/mlrb.js';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

const CUT_OFF = 'There is no network.';
const NOT_CUT_OFF = 'this sandbox does not cut it off';

let home: Awaited<ReturnType<typeof makeHome>>;

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

test('where the sandbox cuts no network off, no text of a task says that there is none', async () => {
  await using me = await connect({ home: home.path, flags: ['--sandbox', 'local'] });
  const resource = await me.client.readResource({ uri: 'mlrb://tasks/mini_baby_lm' });
  const prompt = await me.client.getPrompt({ name: 'start', arguments: { task_id: 'mini_baby_lm' } });
  const read = await me.ok('read_task', { task_id: 'mini_baby_lm' });
  const started = await me.ok('start_run', { task_id: 'mini_baby_lm' });
  const readme = await readFile(join(String(started.data.workspace), 'README.md'), 'utf8');
  const shown = await mlrb(home.path, 'tasks mini_baby_lm --sandbox local');
  const texts = [
    JSON.stringify(resource),
    JSON.stringify(prompt),
    read.text,
    started.text,
    readme,
    shown.stdout,
  ];
  for (const text of texts) {
    expect(text).toContain(NOT_CUT_OFF);
    expect(text).not.toContain(CUT_OFF);
  }
});

test('where it does, the task says so', async () => {
  const backend = new DockerBackend({
    socket: join(home.path, 'no-engine.sock'),
    image: async () => 'no-image',
    home: home.path,
  });
  await using me = await inProcess(home.path, {}, { backend });
  const { text } = await me.call('read_task', { task_id: 'mini_baby_lm' });
  expect(text).toContain(CUT_OFF);
  expect(text).not.toContain(NOT_CUT_OFF);
});
