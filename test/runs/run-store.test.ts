import { appendFile, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, InputError } from '../../src/errors.js';
import { RunStore } from '../../src/runs/run-store.js';

const fields = {
  task_id: 'mini_baby_lm',
  task_version: 1,
  principal: 'a b/../c',
  note: null,
  sandbox: 'local',
  network: 'unrestricted',
  budget: { wall_clock_min: 1, cpus: 1, memory_gb: 1, disk_gb: 1, gpus: 0 },
} as const;

describe('the run store', () => {
  let home: string;
  let store: RunStore;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'mlrb-runs-'));
    store = new RunStore(home);
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  test('finds the current run of a principal with any name, from another process', async () => {
    const run = await store.create(fields);
    expect(await new RunStore(home).current('a b/../c')).toEqual(run);
    expect(await store.current('someone else')).toBeUndefined();
  });

  test('refuses a step that the states do not know', async () => {
    const run = await store.create(fields);
    await store.withRun(run.run_id, () => store.step(run.run_id, 'running'));
    await store.withRun(run.run_id, () => store.step(run.run_id, 'cancelled', { outcome: 'no_submission' }));
    await expect(store.withRun(run.run_id, () => store.step(run.run_id, 'running'))).rejects.toThrow(
      InputError,
    );
    expect((await store.read(run.run_id)).state).toBe('cancelled');
  });

  test.each(['', '{"version": 1', '{}', '{"version": 99}', 'null'])(
    'says that a record holding %j is damaged, and lists the others',
    async text => {
      const whole = await store.create(fields);
      const broken = await store.create(fields);
      await writeFile(store.folder(broken.run_id).record, text);
      await expect(store.read(broken.run_id)).rejects.toThrow(ConfigError);
      const listed = await store.list();
      expect(listed).toContainEqual({ run_id: whole.run_id, run: whole });
      expect(listed).toContainEqual({
        run_id: broken.run_id,
        damaged: expect.stringContaining('is damaged'),
      });
    },
  );

  test.each(['run_nothing', '../../etc', 'run_../x', ''])('has no run %j', async id => {
    await expect(store.read(id)).rejects.toThrow(InputError);
  });

  test('closes off a line of the trace that was cut short, and loses no other', async () => {
    const { run_id } = await store.create(fields);
    const thought = { type: 'evaluation', state: 'running', outcome: null, detail: null } as const;
    await store.trace(run_id).append(thought);
    await appendFile(store.folder(run_id).trace, '{"type":"tool_call","cal');
    await new RunStore(home).trace(run_id).append({ ...thought, state: 'done' });
    const { events, damagedLines } = await store.readTrace(run_id);
    expect(events.map(({ type }) => type)).toEqual(['run_state', 'evaluation', 'evaluation']);
    expect(damagedLines).toBe(1);
    expect(await readFile(store.folder(run_id).trace, 'utf8')).toMatch(/\n$/);
  });

  test.each([
    ['deleted', (path: string) => rm(path)],
    ['moved away', (path: string) => rename(path, `${path}.old`)],
    [
      'replaced by another',
      (path: string) => rename(path, `${path}.old`).then(() => writeFile(path, '{"half')),
    ],
  ])('goes on with the trace where its file was %s while it was open', async (_how, change) => {
    const { run_id } = await store.create(fields);
    await change(store.folder(run_id).trace);
    await store.trace(run_id).append({ type: 'evaluation', state: 'first', outcome: null, detail: null });
    await store.trace(run_id).append({ type: 'evaluation', state: 'second', outcome: null, detail: null });
    const { events } = await store.readTrace(run_id);
    expect(events).toMatchObject([{ state: 'first' }, { state: 'second' }]);
  });

  test('keeps every event of many writers at once', async () => {
    const { run_id } = await store.create(fields);
    const writers = Array.from({ length: 8 }, () => new RunStore(home).trace(run_id));
    await Promise.all(
      writers.flatMap(trace =>
        Array.from({ length: 50 }, (_, n) =>
          trace.append({
            type: 'tool_call',
            call: `${n}`,
            tool: 't',
            input: 'x'.repeat(n * 100),
            client: null,
            protocol: null,
          }),
        ),
      ),
    );
    const { events, damagedLines } = await store.readTrace(run_id);
    expect(damagedLines).toBe(0);
    expect(events.filter(({ type }) => type === 'tool_call')).toHaveLength(400);
  });
});
