import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EvaluateRun, evaluateRun } from '../../src/eval/evaluate-run.js';
import type { StartScorer } from '../../src/eval/scorer-process.js';
import { freezeSubmission } from '../../src/runs/intake/freeze-submission.js';
import { RunStore } from '../../src/runs/run-store.js';
import { tasks } from '../../src/tasks/tasks.js';
import { EXAMPLE } from '../runs/intake/model-folder.js';

let home: string;
let runs: RunStore;
let notices: string[];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mlrb-test-'));
  runs = new RunStore(home);
  notices = [];
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('a run that was handed in', () => {
  it.each(['{', '{"version": 99}', ''])(
    'is evaluated anew where the record of its evaluation holds %j, which is kept beside',
    async garbage => {
      const { runId, folder } = await submitted(await notAModel());
      await mkdir(folder.evaluation, { recursive: true });
      await writeFile(folder.evaluationRecord, garbage);
      const run = await evaluate(runId);
      expect(run).toMatchObject({ state: 'evaluated', outcome: 'invalid' });
      expect(await runs.readEvaluation(runId)).toMatchObject({
        state: 'done',
        outcome: 'invalid',
        starts: 1,
      });
      expect(notices).toEqual([
        expect.stringMatching(/is damaged\. It is kept as .*; the run is evaluated anew\.$/),
      ]);
      const kept = /kept as (.*);/.exec(notices[0] ?? '')?.[1] ?? '';
      expect(await readFile(kept, 'utf8')).toBe(garbage);
    },
  );

  it.each([
    ['are gone', (submission: string) => rm(submission, { recursive: true })],
    ['are incomplete', (submission: string) => rm(join(submission, 'config.json'))],
    ['were changed', (submission: string) => writeFile(join(submission, 'config.json'), '{} ')],
    [
      'became folders',
      async (submission: string) => {
        await rm(join(submission, 'config.json'));
        await mkdir(join(submission, 'config.json'));
      },
    ],
  ])('is refused with a sentence where its frozen files %s', async (_how, change) => {
    const { runId, folder } = await submitted(await notAModel());
    await change(folder.submission);
    const refusal = await evaluate(runId).catch(error => error);
    expect(refusal).toMatchObject({
      name: 'ConfigError',
      message: `The frozen files of run ${runId} are not those that were handed in. Restore ${folder.submission} from a copy, or leave the run out of reports.`,
    });
    expect(await runs.read(runId)).toMatchObject({ outcome: 'failed', reason: refusal.message });
  });

  it('and could not be evaluated by a fault of ours names the file that has the details', async () => {
    const { runId, folder } = await submitted(EXAMPLE);
    await expect(
      evaluate(runId, { python: () => Promise.reject(new Error('a fault of ours')) }),
    ).rejects.toThrow();
    const { reason, outcome } = await runs.read(runId);
    expect(outcome).toBe('failed');
    const [, named] = /^The evaluation failed inside mlrb; (\S+) in the run's folder has the details\.$/.exec(
      reason ?? '',
    ) ?? [reason, 'no file'];
    expect(await readFile(join(folder.root, named ?? ''), 'utf8')).toContain('a fault of ours');
    expect(reason).not.toContain('a fault of ours');
  });

  it('is said to be at the step at which it is, however fast the steps before it were', async () => {
    const { runId } = await submitted(EXAMPLE);
    const say = (message: object) => JSON.stringify(message);
    const startScorer: StartScorer = async () => ({
      kill: () => undefined,
      lines: (async function* () {
        yield say({ type: 'libraries', versions: { harness: 'x', libraries: {} }, device: 'cpu' });
        yield say({ type: 'progress', step: 'loading the model', done: 0, total: 1 });
        yield say({ type: 'progress', step: 'scoring', done: 3, total: 67 });
        await vi.waitFor(async () => {
          const evaluation = await runs.readEvaluation(runId);
          expect(evaluation?.progress).toEqual({ step: 'scoring', done: 3, total: 67 });
        }, 30_000);
        yield say({ type: 'finding', rule: 'loads', message: 'It does not load.' });
      })(),
      ended: Promise.resolve({ exitCode: 0 }),
    });
    await evaluate(runId, { startScorer });
    expect(await runs.readEvaluation(runId)).toMatchObject({ state: 'done', outcome: 'invalid' });
  });
});

function evaluate(runId: string, changes: Partial<EvaluateRun> = {}) {
  return evaluateRun(runId, {
    runs,
    tasks,
    home,
    settings: { device: 'cpu', memory_gb: 16, time_limit_min: 10 },
    python: () => Promise.reject(new Error('nothing is scored here')),
    onProgress: () => undefined,
    onNotice: sentence => notices.push(sentence),
    signal: new AbortController().signal,
    ...changes,
  });
}

/** A folder that intake refuses, so that judging it needs no scorer. */
async function notAModel(): Promise<string> {
  const folder = await mkdtemp(join(home, 'model-'));
  await writeFile(join(folder, 'config.json'), '{}');
  return folder;
}

async function submitted(model: string) {
  const { run_id: runId } = await runs.create({
    task_id: 'mini_baby_lm',
    task_version: 1,
    principal: 'tester',
    note: null,
    sandbox: 'local',
    network: 'unrestricted',
    budget: { wall_clock_min: 1, cpus: 1, memory_gb: 1, disk_gb: 1, gpus: 0 },
  });
  const folder = runs.folder(runId);
  const { files, bytes, digest } = await freezeSubmission(model, folder.submission);
  await runs.withRun(runId, async () => {
    await runs.step(runId, 'running');
    await runs.step(runId, 'submitted', {
      submission: {
        submitted_at: new Date().toISOString(),
        at_deadline: false,
        model_path: 'submission',
        claimed_metric: null,
        note: null,
        files: [...files],
        bytes,
        parameters: null,
        digest,
      },
    });
  });
  expect(await readdir(folder.submission)).toHaveLength(files.length);
  return { runId, folder };
}
