import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { measureScores } from '../../src/eval/measure-scores.js';
import { makeHome } from '../helpers/home.js';
import { type InProcess, inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

it('a contestant is told what was found, and not what it rests on, which may quote the evaluation', async () => {
  await using home = await makeHome();
  await using server = await inProcess(home.path, {});
  const { runId, evaluation } = await handedIn(server);
  const finding = {
    rule: 'no_evaluation_text',
    severity: 'suspicion',
    message: 'One passage was found.',
  } as const;
  const evidence = ['"notes.txt", line 3: blimp: "Who should Derek hug"'];
  await server.runs.writeEvaluation(runId, {
    ...evaluation,
    state: 'done',
    outcome: 'valid',
    findings: [{ ...finding, evidence }],
  });
  await evaluatedAsValid(server, runId);
  const result = await server.call('get_result', { run_id: runId });
  expect(result.data.findings).toEqual([finding]);
  expect(result.text).toContain('One passage was found.');
  expect(JSON.stringify(result)).not.toContain('Derek');
  await endAllRuns(home.path);
});

it('a contestant whose model could not be scored is told so, and nothing of the host', async () => {
  await using home = await makeHome();
  await using server = await inProcess(home.path, {});
  const { runId, evaluation } = await handedIn(server);
  const reason = `The disk is full below ${home.path}. Free some space and evaluate again.`;
  await server.runs.writeEvaluation(runId, { ...evaluation, state: 'failed', outcome: 'failed', reason });
  await server.runs.withRun(runId, () => server.runs.amend(runId, { outcome: 'failed', reason }));
  const result = await server.call('get_result');
  const told = `It could not be scored; \`mlrb show ${runId}\` tells the operator why.`;
  expect(result.data).toMatchObject({ state: 'submitted', outcome: 'failed', reason: told });
  expect(result.text).toContain('The fault is not yours');
  const status = await server.call('run_status');
  expect(status.data).toMatchObject({ state: 'submitted', outcome: 'failed', reason: told });
  for (const { text } of [result, status]) expect(text).not.toContain('The disk is full');
  await endAllRuns(home.path);
});

it('a damaged record of an evaluation is made anew before the outcome is known, and told of after that', async () => {
  await using home = await makeHome();
  await using server = await inProcess(home.path, {});
  const { runId } = await handedIn(server);
  expect(server.evaluations).toEqual([runId]);
  await writeFile(server.runs.folder(runId).evaluationRecord, '{"version": 1, "st');
  const waiting = await server.call('get_result', { wait_s: 0 });
  expect(waiting.isError).toBe(false);
  expect(waiting.text).toContain('is being scored: waiting to start');
  expect(server.evaluations).toEqual([runId, runId]);
  await evaluatedAsValid(server, runId);
  const result = await server.call('get_result');
  expect(result.data).toMatchObject({ state: 'evaluated', outcome: 'valid', scores: [] });
  expect(result.text).toContain(`damaged or gone: ask the operator for \`mlrb evaluate ${runId}\``);
  await endAllRuns(home.path);
});

it('a contestant reads beside a number what it is of, in the text as in the data', async () => {
  await using home = await makeHome();
  await using server = await inProcess(home.path, {});
  const { runId, evaluation } = await handedIn(server);
  const [, , memory] = measureScores({
    parameters: 1,
    bytes: 1,
    generation: { type: 'generation', speed: null },
    memory: { type: 'memory', peak_bytes: 600_000_000, before_bytes: 500_000_000, kind: 'resident' },
    perplexity: { type: 'perplexity', measured: null, reason: 'none' },
    hasText: false,
  });
  if (memory === undefined) throw new Error('the third is the memory');
  await server.runs.writeEvaluation(runId, {
    ...evaluation,
    state: 'done',
    outcome: 'valid',
    scores: [memory],
  });
  await evaluatedAsValid(server, runId);
  const result = await server.call('get_result', { run_id: runId });
  expect(result.text).toContain('peak_memory: 600,000,000 bytes (n 1; beside: before_loading 500,000,000;');
  expect(result.text).toContain('Highest resident memory of the scoring process');
  expect(result.data.scores).toEqual([
    expect.objectContaining({ reason: memory.reason, beside: { before_loading: 500_000_000 } }),
  ]);
  await endAllRuns(home.path);
});

/** A run whose example was handed in, and the record of the evaluation that was asked for. */
async function handedIn(server: InProcess) {
  const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
  const runId = String(data.run_id);
  await server.call('submit_model', { model_path: 'example_submission' });
  const evaluation = await server.runs.readEvaluation(runId);
  if (evaluation === undefined) throw new Error('no evaluation was asked for');
  return { runId, evaluation };
}

function evaluatedAsValid({ runs }: InProcess, runId: string) {
  return runs.withRun(runId, () => runs.step(runId, 'evaluated', { outcome: 'valid', reason: null }));
}
