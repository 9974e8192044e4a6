import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { renderAttempts } from '../../src/report/attempts-table.js';
import { averages } from '../../src/report/averages.js';
import { resultRow } from '../../src/report/result-row.js';
import { renderAverages, renderResults } from '../../src/report/results-table.js';
import { renderToolUsage, toolUsage } from '../../src/report/tool-usage.js';
import type { Outcome } from '../../src/runs/outcome.js';
import { Run } from '../../src/runs/run.js';
import { Evaluation } from '../../src/runs/score.js';
import { TraceEvent } from '../../src/runs/trace.js';

describe('a line of the results table', () => {
  it('holds the score that ranks, its interval, the untrained level, the claim and the minutes', () => {
    expect(rowOf('run_1', 'valid', 0.52)).toEqual({
      task: 'mini_baby_lm',
      task_version: 1,
      contestant: 'agent-a',
      run_id: 'run_1',
      outcome: 'valid',
      metric: 'blimp@100',
      direction: 'higher_is_better',
      evaluator_version: '1-0123456789ab',
      value: 0.52,
      unmeasured: false,
      interval_95: [0.51, 0.53],
      n: 6700,
      note: null,
      floor: 0.46,
      ceiling: 1,
      paper: null,
      started_at: '2026-01-01T10:00:00.000Z',
      claimed: 'about a half, "honestly"',
      at_deadline: true,
      minutes: 3.5,
    });
  });

  it('shows a run without an outcome by its state, and no number', () => {
    const row = resultRow({ run: run('run_1', null), evaluation: undefined });
    expect(row).toMatchObject({ outcome: 'submitted', metric: null, value: null });
  });

  it('shows an evaluation that failed as our failure', () => {
    const evaluation = { ...evaluationOf(0.5), state: 'failed' as const };
    const row = resultRow({ run: run('run_1', null), evaluation });
    expect(row).toMatchObject({ outcome: 'failed', value: null });
  });
});

describe('averages', () => {
  const rows = [
    rowOf('run_1', 'valid', 0.5),
    rowOf('run_2', 'valid', 0.6),
    rowOf('run_3', 'no_submission'),
    rowOf('run_4', 'failed'),
    resultRow({ run: run('run_5', null), evaluation: undefined }),
  ];

  it('put the mean with failures as zero beside the mean of valid runs, and leave our own failures out of both', () => {
    const [line, ...others] = averages(rows);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      task: 'mini_baby_lm',
      contestant: 'agent-a',
      runs: 4,
      valid: 2,
      failed: 1,
      best: 0.6,
    });
    expect(line?.mean_failures_zero).toBeCloseTo(1.1 / 3, 10);
    expect(line?.mean_valid).toBeCloseTo(0.55, 10);
  });

  it('count no zero where this host lacked what measuring needs', () => {
    const evaluation = evaluationOf(0.5);
    const [score] = evaluation.scores;
    if (score === undefined) throw new Error('the evaluation has no score');
    const lacking = { ...evaluation, scores: [{ ...score, value: null, host_lacks: true as const }] };
    const unmeasured = resultRow({ run: run('run_6', 'valid'), evaluation: lacking });
    const [line] = averages([rowOf('run_1', 'valid', 0.5), unmeasured]);
    expect(line).toMatchObject({ runs: 2, valid: 1, failed: 1, mean_failures_zero: 0.5, mean_valid: 0.5 });
    expect(renderResults([unmeasured], 'markdown')).toContain('not measured here');
    const broken = { ...evaluation, scores: [{ ...score, value: null }] }; // of the model's own doing
    const zero = resultRow({ run: run('run_7', 'valid'), evaluation: broken });
    expect(averages([rowOf('run_1', 'valid', 0.5), zero])[0]).toMatchObject({ mean_failures_zero: 0.25 });
  });

  it("give Student's interval of the mean, and none for a single run", () => {
    const [low, high] = averages(rows)[0]?.interval_95 ?? [];
    expect(low).toBeCloseTo(0.55 - 12.706 * 0.05, 6); // standard error of 0.5 and 0.6 is 0.05
    expect(high).toBeCloseTo(0.55 + 12.706 * 0.05, 6);
    expect(averages(rows.slice(0, 1))[0]?.interval_95).toBeNull();
  });

  it('take the lowest as best, and no failure as zero, where lower is better', () => {
    const lower = rows.map(row => ({ ...row, direction: 'lower_is_better' as const }));
    expect(averages(lower)[0]).toMatchObject({ best: 0.5, mean_failures_zero: null });
  });

  it.each([
    ['metric', { metric: 'blimp' }],
    ['version of the evaluator', { evaluator_version: '2-0123456789ab' }],
    ['version of the task', { task_version: 2 }],
  ])('never mix values of another %s, in numbers and in the table', (_what, change) => {
    const two = averages([...rows, { ...rowOf('run_9', 'valid', 0.9), ...change }]);
    expect(two.map(({ mean_valid, best }) => [mean_valid?.toFixed(4), best])).toEqual([
      ['0.5500', 0.6],
      ['0.9000', 0.9],
    ]);
    expect(two[1]).toMatchObject(change);
    for (const format of ['table', 'markdown', 'csv', 'json'] as const)
      expect(renderAverages(two, format)).toContain(String(Object.values(change)[0]));
  });

  it('count a run that was not measured as zero in each way of measuring of its task version', () => {
    const zero = [rowOf('run_1', 'no_submission'), rowOf('run_2', 'failed')];
    const measured = [
      rowOf('run_3', 'valid', 0.5),
      { ...rowOf('run_4', 'valid', 0.8), evaluator_version: '2' },
      { ...rowOf('run_5', 'valid', 0.9), task_version: 2 },
    ];
    expect(
      averages([...zero, ...measured]).map(({ runs, valid, failed, mean_failures_zero }) => [
        runs,
        valid,
        failed,
        mean_failures_zero,
      ]),
    ).toEqual([
      [3, 1, 1, 0.25],
      [3, 1, 1, 0.4],
      [1, 1, 0, 0.9],
    ]);
  });

  it('keep contestants apart', () => {
    const both = [...rows, { ...rowOf('run_9', 'valid', 0.9), contestant: 'agent-b' }];
    expect(averages(both).map(({ contestant, best }) => [contestant, best])).toEqual([
      ['agent-a', 0.6],
      ['agent-b', 0.9],
    ]);
  });
});

describe('rendering', () => {
  const rows = [rowOf('run_1', 'valid', 0.52), rowOf('run_2', 'no_submission')];

  it('makes a table for terminals with a dash where there is no number', () => {
    const lines = renderResults(rows, 'table').split('\n');
    expect(lines.find(line => line.includes('run_1'))).toMatch(
      /valid, at deadline .*0\.520.*0\.510 to 0\.530.*6,700.*0\.460/,
    );
    expect(lines.find(line => line.includes('run_2'))).toMatch(/no_submission.*–/);
  });

  it('makes a table whose borders stand in line, whatever a contestant wrote', () => {
    const claims = ['plain', '\u6f22\u5b57', '\x1b[2J\x1b[31mred', 'tab\tand\x07bell'];
    const table = renderResults(
      claims.map((claimed, n) => ({ ...rowOf(`run_${n}`, 'valid', 0.5), claimed })),
      'table',
    );
    expect(new Set(table.split('\n').map(line => stringWidth(line))).size).toBe(1);
    expect(table.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(table.split('\n')).toHaveLength(claims.length + 4);
  });

  it('leaves out of a terminal table what is the same or empty in every line', () => {
    const header = (table: string) => table.split('\n')[1] ?? '';
    const silent = rows.map(row => ({ ...row, claimed: null }));
    expect(header(renderResults(silent, 'table'))).not.toMatch(/task|claimed|evaluator/);
    const reevaluated = [...rows, { ...rowOf('run_3', 'valid', 0.5), evaluator_version: '2' }];
    expect(header(renderResults(reevaluated, 'table'))).toMatch(/evaluator/);
    const mixed = [...rows, { ...rowOf('run_3', 'valid', 0.5), task: 'another' }];
    expect(header(renderResults(mixed, 'table'))).toMatch(/task .*claimed/);
  });

  it('makes Markdown in which a bar in a claim does not break the table', () => {
    const markdown = renderResults([{ ...rowOf('run_1', 'valid', 0.52), claimed: 'a|b' }], 'markdown');
    expect(markdown).toContain('a\\|b');
    expect(markdown.split('\n')).toHaveLength(3);
  });

  it('makes CSV that quotes what must be quoted and starts no formula', () => {
    const csv = renderResults([{ ...rowOf('run_1', 'valid', 0.52), contestant: '=1+1' }], 'csv');
    expect(csv.split('\r\n')[1]).toBe(
      `mini_baby_lm,1,'=1+1,run_1,valid,blimp@100,higher_is_better,1-0123456789ab,0.52,false,6700,,0.46,1,2026-01-01T10:00:00.000Z,"about a half, ""honestly""",true,3.5,0.51,0.53,`,
    );
  });

  it('says below a table which values were measured on a sample, and does not average them with others', () => {
    const note = 'The data are a sample: record/validation.jsonl has 264 of 10,000 rows.';
    const two = [rowOf('run_1', 'valid', 0.52), { ...rowOf('run_2', 'valid', 0.6), note }];
    expect(averages(two).map(line => [line.mean_valid, line.note])).toEqual([
      [0.52, null],
      [0.6, note],
    ]);
    for (const format of ['table', 'markdown'] as const) {
      for (const text of [
        renderResults(two, format),
        renderAverages(averages(two), format),
        renderAttempts(two, format),
      ]) {
        expect(text.match(/blimp@100 ‡/g)).toHaveLength(1);
        expect(text).toContain(`‡ ${note}`);
      }
    }
    expect(renderResults(two.slice(0, 1), 'table')).not.toContain('‡');
  });

  it('makes JSON in full precision', () => {
    expect(JSON.parse(renderAverages(averages(rows), 'json'))[0].mean_valid).toBe(0.52);
  });
});

function rowOf(runId: string, outcome: Outcome, value?: number) {
  return resultRow({
    run: run(runId, outcome),
    evaluation: value === undefined ? undefined : evaluationOf(value),
  });
}

function run(runId: string, outcome: Outcome | null): Run {
  return Run.parse({
    version: 1,
    run_id: runId,
    task_id: 'mini_baby_lm',
    task_version: 1,
    principal: 'agent-a',
    note: null,
    state: outcome === null ? 'submitted' : outcome === 'no_submission' ? 'cancelled' : 'evaluated',
    sandbox: 'local',
    network: 'unrestricted',
    budget: { wall_clock_min: 20, cpus: 2, memory_gb: 4, disk_gb: 2, gpus: 0 },
    created_at: '2026-01-01T10:00:00.000Z',
    started_at: '2026-01-01T10:00:00.000Z',
    deadline_at: '2026-01-01T10:20:00.000Z',
    ended_at: '2026-01-01T10:03:30.000Z',
    submission:
      outcome === 'no_submission'
        ? null
        : {
            submitted_at: '2026-01-01T10:03:30.000Z',
            at_deadline: true,
            model_path: 'submission',
            claimed_metric: 'about a half, "honestly"',
            note: null,
            files: [],
            bytes: 1,
            parameters: 1,
            digest: 'abc',
          },
    outcome,
    reason: null,
  });
}

function evaluationOf(value: number): Evaluation {
  return Evaluation.parse({
    version: 1,
    state: 'done',
    requested_at: '2026-01-01T10:04:00.000Z',
    starts: 1,
    progress: { step: 'done', done: 1, total: 1 },
    outcome: 'valid',
    findings: [],
    scores: [
      {
        version: 1,
        metric: 'blimp@100',
        value,
        direction: 'higher_is_better',
        n: 6700,
        standard_error: 0.005,
        interval_95: [0.51, 0.53],
        floors: { untrained: { value: 0.46 } },
        ceiling: { value: 1 },
        paper: null,
      },
    ],
    provenance: {
      evaluator: 'blimp@100',
      evaluator_version: '1-0123456789ab',
      harness: 'lm_eval 0',
      libraries: {},
      data_digest: 'd',
      weights_digest: 'w',
      device: 'cpu',
      dtype: 'float32',
      batch_size: 1,
      seconds: 1,
    },
    from_cache: false,
  });
}

describe('the use of tools', () => {
  const at = { at: '2026-11-20T10:00:00.000Z', seq: '1' };
  const call = (id: string, tool: string) =>
    TraceEvent.parse({ ...at, type: 'tool_call', call: id, tool, input: {}, client: null, protocol: null });
  const answer = (id: string, tool: string, ok: boolean) =>
    TraceEvent.parse({
      ...at,
      type: 'tool_answer',
      call: id,
      tool,
      ok,
      text: '',
      error: null,
      detail: null,
      duration_ms: 1,
    });
  const request = (id: string, cache: string, error: string | null) =>
    TraceEvent.parse({
      ...at,
      type: 'request',
      call: id,
      source: 's',
      url: 'u',
      status: 200,
      cache,
      bytes: 100,
      duration_ms: 1,
      error,
    });

  it('counts calls, failures and requests over several runs', () => {
    const first = [
      call('a', 'search_papers'),
      request('a', 'miss', null),
      request('a', 'hit', null),
      answer('a', 'search_papers', true),
    ];
    const second = [
      call('a', 'run_bash'),
      answer('a', 'run_bash', true),
      call('b', 'search_papers'),
      request('b', 'none', 'off_limits'),
      answer('b', 'search_papers', false),
    ];
    const usage = toolUsage([first, second]);
    expect(usage).toEqual([
      { tool: 'search_papers', calls: 2, failed: 1, requests: 3, from_cache: 1, off_limits: 1, bytes: 300 },
      { tool: 'run_bash', calls: 1, failed: 0, requests: 0, from_cache: 0, off_limits: 0, bytes: 0 },
    ]);
    expect(renderToolUsage(usage, 'markdown')).toContain('search_papers');
  });
});
