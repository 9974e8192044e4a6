import { expect, it } from 'vitest';
import { makeHome } from '../helpers/home.js';
import { inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

it('a contestant is told what was found, and not what it rests on, which may quote the evaluation', async () => {
  await using home = await makeHome();
  await using server = await inProcess(home.path, {});
  const { data } = await server.call('start_run', { task_id: 'mini_baby_lm' });
  const runId = String(data.run_id);
  await server.call('submit_model', { model_path: 'example_submission' });
  const evaluation = await server.runs.readEvaluation(runId);
  if (evaluation === undefined) throw new Error('no evaluation was asked for');
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
  await server.runs.withRun(runId, () =>
    server.runs.step(runId, 'evaluated', { outcome: 'valid', reason: null }),
  );
  const result = await server.call('get_result', { run_id: runId });
  expect(result.data.findings).toEqual([finding]);
  expect(result.text).toContain('One passage was found.');
  expect(JSON.stringify(result)).not.toContain('Derek');
  await endAllRuns(home.path);
});
