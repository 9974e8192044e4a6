import { createHash } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { PACKAGE_ROOT } from '../../src/lib/package-root.js';
import { hashSubmission } from '../../src/runs/intake/hash-submission.js';
import { RunStore } from '../../src/runs/run-store.js';
import { mlrb } from '../cli/mlrb.js';
import { type Contestant, connect } from '../helpers/contestant.js';
import { docker, dockerLack, needsDocker, TEST_IMAGE } from '../helpers/docker.js';
import { makeHome } from '../helpers/home.js';

const TASK = 'nursery_rhymes';
/** Long enough for a container and a few calls on a busy host. */
const SECONDS = 15;
const PATIENCE_MS = 60_000;

/**
 * Lays a model into the submission folder and leaves a process behind that is nobody's child, and that goes on writing: the model's config with
 * ever more white space, which is a valid one at any moment, and a file beside it.
 */
const HAND_IN_AND_REWRITE = `
import json, os, sys, time
import shutil
shutil.copytree("example_submission", "submission")
def daemon():
    os.setsid()
    if os.fork(): os._exit(0)
    text = open("submission/config.json").read()
    for count in range(10 ** 9):
        open("next", "w").write(text + " " * (count % 1000))
        os.replace("next", "submission/config.json")
        open("beat", "w").write(str(count))
        time.sleep(0.002)
null = os.open(os.devnull, os.O_RDWR)
for number in (0, 1, 2): os.dup2(null, number)
if os.fork() == 0:
    daemon()
`;

describe.skipIf(dockerLack)(needsDocker('the end of a run in Docker'), { timeout: 180_000 }, () => {
  let home: Awaited<ReturnType<typeof makeHome>>;
  let runs: RunStore;

  beforeAll(async () => {
    home = await makeHome();
    runs = new RunStore(home.path);
    const folder = join(home.path, 'tasks', TASK);
    await cp(join(PACKAGE_ROOT, 'docs', 'examples', 'tasks', TASK), folder, { recursive: true });
    const manifest = parse(await readFile(join(folder, 'task.yaml'), 'utf8'));
    manifest.budget.wall_clock_min = SECONDS / 60;
    await writeFile(join(folder, 'task.yaml'), stringify(manifest));
    await writeFile(
      join(home.path, 'config.json'),
      JSON.stringify({
        sandbox: 'docker',
        tasks: join(home.path, 'tasks'),
        // Nothing is scored here: on this base there is no image that could.
        docker: { image: TEST_IMAGE, base_image: 'mlrb-test-none' },
      }),
    );
  });
  afterAll(async () => {
    const { stdout } = await mlrb(home.path, 'runs --json');
    for (const { run_id } of JSON.parse(stdout || '[]')) await mlrb(home.path, `cancel ${run_id}`);
    await home[Symbol.asyncDispose]();
  });

  /** A run whose model is rewritten all the time. */
  async function begin(server: Contestant): Promise<string> {
    const { data: run } = await server.ok('start_run', { task_id: TASK });
    const { data: job } = await server.ok('run_python', { code: HAND_IN_AND_REWRITE });
    expect(job).toMatchObject({ state: 'exited', exit_code: 0 });
    const file = join(runs.folder(String(run.run_id)).workspace, 'beat');
    const beat = async () => Number(await readFile(file, 'utf8').catch(() => 0));
    const atExit = await beat();
    await vi.waitFor(async () => expect(await beat()).toBeGreaterThan(atExit + 3), PATIENCE_MS);
    return String(run.run_id);
  }

  async function expectFrozen(runId: string, atDeadline: boolean): Promise<void> {
    const { workspace, submission } = runs.folder(runId);
    const run = await runs.read(runId);
    expect(run).toMatchObject({ submission: { at_deadline: atDeadline, model_path: 'submission' } });
    const before = await contents(workspace);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['beat', 'submission/config.json']));
    await pause(500); // hundreds of rewritings, if anyone were left to make them
    expect(await contents(workspace)).toEqual(before);
    expect(await hashSubmission(submission)).toBe(run.submission?.digest);
    expect(await hashSubmission(join(workspace, 'submission'))).toBe(run.submission?.digest);
    expect(docker('ps', '--all', '--quiet', '--filter', `label=mlrb.run=${runId}`)).toBe('');
    await expectEndedOnce(runId);
  }

  /** What a look from outside found is in the trace. */
  async function expectEndedOnce(runId: string): Promise<void> {
    const { events } = await runs.readTrace(runId);
    const ended = events.filter(event => event.type === 'sandbox' && event.action === 'ended');
    expect(ended).toMatchObject([
      { ok: true, detail: { processes_left: 0, files_changed: 0, gpu_memory: 'no GPU' } },
    ]);
    const [detail] = ended.map(event => ('detail' in event ? event.detail : null));
    expect(detail).toHaveProperty(
      'files_looked_at',
      expect.toSatisfy((count: number) => count > 3),
    );
  }

  async function untilJudged(server: Contestant, runId: string): Promise<void> {
    const { data } = await server.ok('get_result', { run_id: runId, wait_s: 30 });
    expect(data).toMatchObject({ outcome: 'failed' });
  }

  test('by a submission leaves nobody who could change it, or any file of the workspace', async () => {
    await using server = await connect({ home: home.path, principal: 'submits' });
    const runId = await begin(server);
    const { data } = await server.ok('submit_model', { model_path: 'submission' });
    expect(data.accepted).toBe(true);
    await expectFrozen(runId, false);
    await untilJudged(server, runId);
  });

  test('by the clock hands in what lies there, and leaves nobody either', async () => {
    await using server = await connect({ home: home.path, principal: 'is-late' });
    const runId = await begin(server);
    await vi.waitFor(async () => expect((await runs.read(runId)).state).not.toBe('running'), PATIENCE_MS);
    await expectFrozen(runId, true);
    await untilJudged(server, runId);
  });

  test('by the clock comes without a server, and the next one hands in what lay there then', async () => {
    const first = await connect({ home: home.path, principal: 'is-alone' });
    const runId = await begin(first);
    process.kill(first.pid, 'SIGKILL');
    const { workspace } = runs.folder(runId);
    await vi.waitFor(
      () => expect(docker('ps', '--quiet', '--filter', `label=mlrb.run=${runId}`)).toBe(''),
      PATIENCE_MS,
    );
    expect((await runs.read(runId)).state).toBe('running'); // nobody has looked yet
    const atTheEnd = await contents(workspace);
    await using next = await connect({ home: home.path, principal: 'is-alone' });
    expect((await next.ok('run_status')).data).toMatchObject({ run_id: runId });
    await vi.waitFor(async () => expect((await runs.read(runId)).state).not.toBe('running'), PATIENCE_MS);
    expect(await contents(workspace)).toEqual(atTheEnd);
    await expectFrozen(runId, true);
    await untilJudged(next, runId);
  });
});

/** Digest of every file below a folder. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const digests = files.map(async file => [
    file.slice(folder.length + 1),
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  ]);
  return Object.fromEntries(await Promise.all(digests));
}
