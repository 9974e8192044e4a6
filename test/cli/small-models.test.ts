import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { connect } from '../helpers/contestant.js';
import { makeHome } from '../helpers/home.js';
import { processesNaming } from '../helpers/processes.js';
import { endAllRuns } from '../helpers/runs.js';
import { mlrb } from './mlrb.js';

const TASK = { task_id: 'mini_llm_efficiency' };
const SLOW = { timeout: 60_000, interval: 100 };

let home: Awaited<ReturnType<typeof makeHome>>;
afterEach(async () => {
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

it('a task that starts from a small model finds it in its data, read-only', async () => {
  home = await makeHome();
  await using me = await connect({ home: home.path });
  const { data } = await me.ok('start_run', TASK);
  const model = join(String(data.data), 'mini_base');
  expect(readdirSync(model).sort()).toEqual([
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
  expect(statSync(join(model, 'model.safetensors')).mode & 0o222).toBe(0);
}, 120_000);

it('where the model is missing it is trained by one process, which outlives the server; until then no run is begun', async () => {
  home = await makeHome({ hasModels: false });
  const record = join(home.path, 'data', 'logs', 'small-models.json');
  const first = await connect({ home: home.path, principal: 'one' });
  const sentence =
    /^The small models that mini_llm_efficiency starts from are being trained, once: .*\. Try again in a minute; `mlrb data build` trains them beforehand\./;
  expect((await first.call('start_run', TASK)).text).toMatch(sentence);
  await first.close();
  await using second = await connect({ home: home.path, principal: 'two' });
  await vi.waitUntil(
    async () => / \d+ of \d+, mini_base/.test((await second.call('start_run', TASK)).text),
    SLOW,
  );
  expect(processesNaming('main.js data build').filter(line => line.includes(home.path))).toHaveLength(1);
  expect((await mlrb(home.path, 'runs')).stdout).toContain('There are no runs yet.');

  process.kill(JSON.parse(readFileSync(record, 'utf8')).pid, 'SIGTERM');
  await vi.waitUntil(() => processesNaming('build_model.py').every(line => !line.includes(home.path)), SLOW);
  await vi.waitUntil(
    () => processesNaming('main.js data build').every(line => !line.includes(home.path)),
    SLOW,
  );
  expect(existsSync(join(home.path, 'data', 'train', 'mini_base'))).toBe(false);
}, 240_000);
