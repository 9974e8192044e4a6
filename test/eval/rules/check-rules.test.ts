import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { locateDataset } from '../../../src/data/locate-dataset.js';
import { evaluateRun } from '../../../src/eval/evaluate-run.js';
import { collectFingerprints } from '../../../src/eval/rules/known-models.js';
import { PACKAGE_ROOT } from '../../../src/lib/package-root.js';
import { freezeSubmission } from '../../../src/runs/intake/freeze-submission.js';
import { RunStore } from '../../../src/runs/run-store.js';
import { tasks } from '../../../src/tasks/tasks.js';
import { mlrb } from '../../cli/mlrb.js';
import { EXAMPLE } from '../../runs/intake/model-folder.js';

/** A run whose weights are those of a model that the operator collected: no scorer is needed to tell. */
const signal = new AbortController().signal;
let home: string;
let runs: RunStore;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mlrb-test-'));
  runs = new RunStore(home);
  await cp(EXAMPLE, join(home, 'elsewhere', 'pretrained'), { recursive: true });
});
afterAll(() => rm(home, { recursive: true, force: true }));

it('a run that breaks a rule is invalid, is not scored, and shows the operator what that rests on', async () => {
  const place = { home, packageData: join(PACKAGE_ROOT, 'data') };
  await collectFingerprints(join(home, 'elsewhere'), place, signal);
  const runId = await submitted();
  const run = await evaluateRun(runId, {
    runs,
    tasks,
    home,
    settings: { device: 'cpu', memory_gb: 16, time_limit_min: 10 },
    python: () => Promise.reject(new Error('nothing is scored here')),
    onProgress: () => undefined,
    onNotice: () => undefined,
    signal,
  });
  expect(run).toMatchObject({ state: 'evaluated', outcome: 'invalid' });
  expect(run.reason).toContain('The weights come from the model "pretrained"');
  const evaluation = await runs.readEvaluation(runId);
  expect(evaluation).toMatchObject({ outcome: 'invalid', scores: [] });
  expect(evaluation?.findings.map(({ rule, severity }) => [rule, severity])).toEqual([
    ['from_scratch', 'broken'],
    ['no_evaluation_text', 'suspicion'],
  ]);
  const shown = await mlrb(home, `show ${runId}`);
  expect(shown.stdout).toContain('rule broken (from_scratch): The weights come from the model "pretrained"');
  expect(shown.stdout).toMatch(/ {4}evidence: "transformer\.\S+" and its "transformer\.\S+": r = 1\.000/);
  expect(shown.stdout).toContain('    evidence: "notes.txt", line 2: blimp/adjunct_island.jsonl: "Who ');
});

/** The example as a submission, and a dozen sentences of BLiMP in the workspace. */
async function submitted(): Promise<string> {
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
  const rows = await rowsOf('blimp', 'adjunct_island.jsonl');
  const lines = rows.slice(0, 12).map(row => String(JSON.parse(row).sentence_good));
  await writeFile(join(folder.workspace, 'notes.txt'), ['My notes', ...lines].join('\n'));
  const { files, bytes, digest } = await freezeSubmission(EXAMPLE, folder.submission);
  await runs.withRun(runId, async () => {
    await runs.step(runId, 'running');
    await runs.step(runId, 'submitted', {
      submission: {
        submitted_at: new Date().toISOString(),
        at_deadline: false,
        model_path: 'model',
        claimed_metric: null,
        note: null,
        files: [...files],
        bytes,
        parameters: null,
        digest,
      },
    });
  });
  return runId;
}

async function rowsOf(id: string, file: string): Promise<string[]> {
  const located = await locateDataset(id, { home, packageData: join(PACKAGE_ROOT, 'data') }, signal);
  if (!located.isFound) throw new Error(located.reason);
  return (await readFile(join(located.folder, file), 'utf8')).trim().split('\n');
}
