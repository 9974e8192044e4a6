import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { describe, expect, it } from 'vitest';
import { attemptsByContestant, BASE_CONTESTANT, renderAttempts } from '../../src/report/attempts-table.js';
import { averages } from '../../src/report/averages.js';
import { drawFigures } from '../../src/report/figures.js';
import { paperBeside, renderPaper } from '../../src/report/paper-table.js';
import type { ResultRow } from '../../src/report/result-row.js';
import { renderResults } from '../../src/report/results-table.js';
import { paperResults } from '../../src/tasks/paper-results.js';

let count = 0;

function row(changes: Partial<ResultRow>): ResultRow {
  count += 1;
  return {
    task: 'baby_lm',
    task_version: 1,
    contestant: 'agent-a',
    run_id: `run_${count}`,
    outcome: 'valid',
    metric: 'blimp',
    direction: 'higher_is_better',
    evaluator_version: '1',
    value: 0.5,
    unmeasured: false,
    interval_95: [0.49, 0.51],
    n: 67_000,
    note: null,
    floor: 0.48,
    ceiling: 1,
    paper: null,
    started_at: `2026-01-01T10:${String(count).padStart(2, '0')}:00.000Z`,
    claimed: null,
    at_deadline: false,
    minutes: 5,
    ...changes,
  };
}

const UNSCORED = {
  metric: null,
  direction: null,
  evaluator_version: null,
  value: null,
  interval_95: null,
  floor: null,
  ceiling: null,
};

describe("the runs in the shape of the paper's tables", () => {
  const rows = [
    row({ value: 0.52, started_at: '2026-01-02T00:00:00.000Z' }),
    row({ ...UNSCORED, outcome: 'no_submission', started_at: '2026-01-01T00:00:00.000Z' }),
    row({ value: 0.54, at_deadline: true, started_at: '2026-01-03T00:00:00.000Z' }),
    row({ contestant: BASE_CONTESTANT, value: 0.47 }),
    row({ contestant: BASE_CONTESTANT, value: 0.49 }),
  ];

  it('are numbered as they began, with the outcome where there is no value', () => {
    const [own] = attemptsByContestant(rows).filter(({ contestant }) => contestant === 'agent-a');
    expect(own?.tasks.map(({ runs }) => runs.map(({ outcome, value }) => value ?? outcome))).toEqual([
      ['no_submission', 0.52, 0.54],
    ]);
    const text = renderAttempts(rows, 'markdown');
    expect(text).toContain('| baby_lm | blimp | 0.480 * | no_submission | 0.520 | 0.540 † |');
    expect(text).toContain('† handed in by the clock');
  });

  it("stand beside the paper's baseline where it has one, else beside the base control measured alike", () => {
    const paper = { baseline: 0.542, runs: {} };
    expect(attemptsByContestant([row({ paper })])[0]?.tasks[0]?.baseline).toEqual({
      value: 0.542,
      from: 'paper',
    });
    const other = [row({ evaluator_version: '2' }), ...rows.slice(3)];
    const [own] = attemptsByContestant(other).filter(({ contestant }) => contestant === 'agent-a');
    expect(own?.tasks[0]?.baseline).toBeNull();
  });

  it('say `invalid` for a run that broke a rule, whatever was measured', () => {
    expect(renderAttempts([row({ outcome: 'invalid', value: 0.9 })], 'table')).not.toContain('0.900');
  });
});

describe("the paper's numbers", () => {
  it('stand beside ours for its tasks, with their faults, and not for others', () => {
    const beside = paperBeside(averages([row({}), row({ task: 'mini_baby_lm' })]));
    expect(beside.lines.map(({ task, agent, valid }) => [task, agent, valid])).toEqual([
      ['baby_lm', 'gpt-4o', 3],
      ['baby_lm', 'claude-3.5-sonnet', 5],
    ]);
    const text = renderPaper(beside, 'table');
    expect(text).toContain('failed');
    expect(text).toContain('level of untrained models');
  });

  it('have the means that follow from the tables', () => {
    const means = paperResults.flatMap(({ task }) =>
      paperBeside(averages([row({ task })])).lines.map(({ valid, mean_valid, mean_failures_zero }) =>
        [valid, mean_valid?.toFixed(3) ?? '–', mean_failures_zero?.toFixed(3)].join(' '),
      ),
    );
    expect(means).toEqual([
      ...['1 0.457 0.091', '4 0.542 0.434', '3 0.528 0.317', '5 0.537 0.537', '0 – 0.000', '4 0.273 0.218'],
      ...[
        '4 0.316 0.253',
        '5 0.465 0.465',
        '2 0.454 0.181',
        '3 0.479 0.287',
        '4 0.087 0.070',
        '3 0.048 0.029',
      ],
      ...['2 0.239 0.096', '4 0.311 0.249'],
    ]);
  });
});

describe('figures', () => {
  const rows = [
    row({ contestant: BASE_CONTESTANT, value: 0.47 }),
    row({ value: 0.52, contestant: 'agent <b> & "c"' }),
    row({ ...UNSCORED, outcome: 'expired' }),
    row({
      task: 'mini_llm_efficiency',
      metric: 'bits_per_byte',
      direction: 'lower_is_better',
      value: 2.5,
      interval_95: null,
      minutes: null,
    }),
  ];

  it('are two well-formed drawings for each task with a valid score', async () => {
    const figures = await drawFigures(rows);
    expect(figures.map(({ name }) => name)).toEqual([
      'baby_lm-v1-blimp-runs.svg',
      'baby_lm-v1-blimp-time.svg',
      'mini_llm_efficiency-v1-bits_per_byte-runs.svg',
      'mini_llm_efficiency-v1-bits_per_byte-time.svg',
    ]);
    for (const { svg } of figures) expect(XMLValidator.validate(svg)).toBe(true);
  });

  it('show every valid run with its interval, the floor and the baseline', async () => {
    const [runs] = await drawFigures(rows);
    const texts = textsOf(new XMLParser({ ignoreAttributes: false }).parse(runs?.svg ?? ''));
    expect(texts).toEqual(
      expect.arrayContaining([
        'baby_lm: blimp (higher is better)',
        `${BASE_CONTESTANT} R1`,
        'untrained',
        'base control',
      ]),
    );
    expect(texts.some(text => text.startsWith('agent <b> & "c"'))).toBe(true);
    expect(runs?.svg.match(/aria-roledescription="bar"/g)).toHaveLength(2);
  });

  it('are none where no run is valid', async () => {
    expect(await drawFigures([row({ ...UNSCORED, outcome: 'expired' })])).toEqual([]);
  });
});

function textsOf(node: unknown): string[] {
  if (typeof node === 'string') return [node];
  if (node === null || typeof node !== 'object') return [];
  return Object.values(node).flatMap(textsOf);
}

it("a spreadsheet gets the paper's baseline in one cell", () => {
  const [header, line] = renderResults([row({ paper: { baseline: 0.542, runs: {} } })], 'csv').split('\r\n');
  const cells = line?.split(',') ?? [];
  expect(cells[header?.split(',').indexOf('paper_baseline') ?? -1]).toBe('0.542');
});
