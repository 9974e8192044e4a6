import { describe, expect, it } from 'vitest';
import { type Controls, type Played, tricksOf, unsoundness } from '../../src/report/controls.js';
import { renderControls } from '../../src/report/controls-table.js';
import type { TraceEvent } from '../../src/runs/trace.js';

const NOP: Played = {
  run_id: 'run_1',
  outcome: 'no_submission',
  value: null,
  half_interval: null,
  broken: [],
};
const BASE: Played = { run_id: 'run_2', outcome: 'valid', value: 0.5, half_interval: 0.02, broken: [] };
const REFERENCE: Played = { ...BASE, run_id: 'run_3', value: 0.6 };
const CHEAT: Played = { ...NOP, run_id: 'run_4', outcome: 'invalid', broken: ['no_quantisation'] };
const SOUND: Controls = {
  task: 'some_task',
  metric: 'accuracy',
  direction: 'higher_is_better',
  played: { nop: NOP, base: BASE, reference: REFERENCE, cheat: CHEAT },
  tricks: { tried: 20, refused: 20 },
  stopped: [],
};

function but(played: Controls['played'], more: Partial<Controls> = {}): Controls {
  return { ...SOUND, ...more, played: { ...SOUND.played, ...played } };
}

describe('a task is sound', () => {
  it.each([
    ['where all is as it should be', SOUND],
    [
      'where a lower value is better, and the reference has one',
      but({ reference: { ...REFERENCE, value: 0.4 } }, { direction: 'lower_is_better' }),
    ],
    ['where a trick is valid and no better than the base', but({ cheat: { ...BASE, value: 0.515 } })],
    ['where the last trick is refused like the others', but({ cheat: NOP })],
    ['as far as the controls say that played', { ...SOUND, played: { nop: NOP, base: BASE }, tricks: null }],
  ])('%s', (_where, controls) => {
    expect(unsoundness(controls)).toEqual([]);
  });
});

describe('a task is not sound', () => {
  it.each([
    [
      'who hands in nothing has a result',
      but({ nop: { ...NOP, outcome: 'valid' } }),
      /nop ended valid, and not no_submission/,
    ],
    [
      'the base breaks a rule',
      but({ base: { ...BASE, outcome: 'invalid', value: null, broken: ['from_scratch'] } }),
      /base ended invalid \(from_scratch\), and not valid/,
    ],
    ['the base has no value', but({ base: { ...BASE, value: null } }), /base has no value of the metric/],
    [
      'a value has no interval',
      but({ reference: { ...REFERENCE, half_interval: null } }),
      /reference's value has no interval/,
    ],
    [
      'the reference gains less than both half-intervals',
      but({ reference: { ...REFERENCE, value: 0.53 } }),
      /better than base by 0\.030, which is not more than both half-intervals, 0\.040/,
    ],
    [
      'the reference is worse in the direction of the metric',
      but({}, { direction: 'lower_is_better' }),
      /better than base by -0\.100/,
    ],
    [
      'the base did not play beside the reference',
      { ...SOUND, played: { reference: REFERENCE }, tricks: null },
      /base did not play/,
    ],
    [
      'a trick gains',
      but({ cheat: { ...BASE, value: 0.55 } }),
      /cheat is valid and better than base by 0\.050/,
    ],
    ['a trick cannot be scored', but({ cheat: { ...NOP, outcome: 'failed' } }), /cheat ended failed/],
    [
      'a trick of the catalogue is accepted',
      but({}, { tricks: { tried: 5, refused: 4 } }),
      /1 of 5 tricks of the catalogue was not refused/,
    ],
    ['no trick of the catalogue was tried', but({}, { tricks: { tried: 0, refused: 0 } }), /tried no trick/],
    [
      'a control stopped short',
      but({}, { stopped: ['base stopped short: The disk is full.'] }),
      /The disk is full/,
    ],
  ])('where %s', (_where, controls, sentence) => {
    expect(unsoundness(controls)).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('the table of controls', () => {
  it('shows direction, values with half-intervals, and what became of the tricks', () => {
    const text = renderControls([SOUND], 'markdown');
    expect(text).toContain(
      '| some_task | accuracy ↑ | no_submission | 0.500 ± 0.020 | 0.600 ± 0.020 | refused 20 of 20; invalid no_quantisation | yes |',
    );
  });

  it('says below it why a task is not sound', () => {
    const text = renderControls([but({ cheat: { ...BASE, value: 0.55 } })], 'table');
    expect(text).toContain('refused 20 of 20; valid, 0.550 ± 0.020, gain 0.050');
    expect(text).toMatch(/│ no +│/);
    expect(text).toContain('some_task: cheat is valid and better than base by 0.050');
  });
});

describe('counting tricks', () => {
  const base = { at: '2026-01-01T00:00:00.000Z', seq: '1', client: null, protocol: null } as const;
  const call = (id: string, tool: string, input: unknown): TraceEvent => ({
    ...base,
    type: 'tool_call',
    call: id,
    tool,
    input,
  });
  const answer = (id: string, ok: boolean): TraceEvent => ({
    at: base.at,
    seq: base.seq,
    type: 'tool_answer',
    call: id,
    tool: 'submit_model',
    ok,
    text: '',
    error: null,
    detail: null,
    duration_ms: 1,
  });

  it('takes hand-ins that are noted as tricks of the catalogue, and no other call', () => {
    const events = [
      call('1', 'submit_model', { model_path: 'tricks/a', note: 'trick: a' }),
      answer('1', false),
      call('2', 'submit_model', { model_path: 'tricks/b', note: 'trick: b' }),
      answer('2', true),
      call('3', 'write_code', { path: 'a', note: 'trick: c' }),
      answer('3', false),
      call('4', 'submit_model', { model_path: 'submission', note: 'own trick' }),
      answer('4', false),
      call('5', 'submit_model', { model_path: 'submission' }),
    ];
    expect(tricksOf(events)).toEqual({ tried: 2, refused: 1 });
  });
});
