import type { TraceEvent } from '../runs/trace.js';
import type { Direction } from '../tasks/task.js';
import { type JudgedRun, resultRow } from './result-row.js';

/** The scripted contestants that show whether a task is sound, in the order in which they play. */
export const CONTROLS = ['nop', 'base', 'reference', 'cheat'] as const;
export type Control = (typeof CONTROLS)[number];

/** How many tricks of the catalogue were tried, and how many of them refused at once. */
export interface Tricks {
  readonly tried: number;
  readonly refused: number;
}

/** How one control fared. Values in the metric's own unit; null where there is none. */
export interface Played {
  readonly run_id: string;
  readonly outcome: string;
  readonly value: number | null;
  /** Half of the 95 % interval. */
  readonly half_interval: number | null;
  /** Rules that were found broken. */
  readonly broken: readonly string[];
}

/** What the controls of one task show. Those that did not play are absent. */
export interface Controls {
  readonly task: string;
  readonly metric: string;
  readonly direction: Direction;
  readonly played: Readonly<Partial<Record<Control, Played>>>;
  /** Null where cheat did not play. */
  readonly tricks: Tricks | null;
  /** Why a control stopped short, a sentence each. */
  readonly stopped: readonly string[];
}

/** One control's run, for `Controls`. */
export function played(judged: JudgedRun): Played {
  const { run_id, outcome, value, interval_95 } = resultRow(judged);
  const findings = judged.evaluation?.findings ?? [];
  return {
    run_id,
    outcome,
    value: outcome === 'valid' ? value : null,
    half_interval: interval_95 === null ? null : (interval_95[1] - interval_95[0]) / 2,
    broken: [...new Set(findings.filter(({ severity }) => severity === 'broken').map(({ rule }) => rule))],
  };
}

/** How the note of a hand-in begins that stands in the catalogue of tricks. */
const TRICK = 'trick: ';

/** The tricks of the catalogue, by the events of the run that tried them. */
export function tricksOf(events: readonly TraceEvent[]): Tricks {
  const tried = new Set(
    events.flatMap(event => (event.type === 'tool_call' && isTrick(event) ? [event.call] : [])),
  );
  const refused = events.filter(event => event.type === 'tool_answer' && tried.has(event.call) && !event.ok);
  return { tried: tried.size, refused: refused.length };
}

function isTrick({ tool, input }: { readonly tool: string; readonly input?: unknown }): boolean {
  if (tool !== 'submit_model' || typeof input !== 'object' || input === null || !('note' in input))
    return false;
  return String(input.note).startsWith(TRICK);
}

/**
 * Why a task is not sound, a sentence each; none: it is. Sound is a task where who does nothing has no result, the base is valid, an honest small solution is better than it by
 * more than both half-intervals, every trick of the catalogue is refused at once, and one that only judging can find out is found out or gains nothing over the base. Of controls
 * that did not play nothing is said.
 */
export function unsoundness(controls: Controls): string[] {
  const { nop, base, reference, cheat } = controls.played;
  return [
    ...controls.stopped,
    ...(nop === undefined || nop.outcome === 'no_submission'
      ? []
      : [`nop ended ${nop.outcome}, and not no_submission.`]),
    ...(base === undefined ? [] : missingValue('base', base)),
    ...(reference === undefined ? [] : missingValue('reference', reference)),
    ...(reference === undefined ? [] : tooClose(controls, reference)),
    ...(cheat === undefined ? [] : cheatFaults(controls, cheat)),
  ];
}

function missingValue(name: Control, { outcome, value, half_interval, broken }: Played): string[] {
  if (outcome !== 'valid') return [`${name} ended ${outcome}${rulesText(broken)}, and not valid.`];
  if (value === null) return [`${name} has no value of the metric.`];
  return half_interval === null ? [`${name}'s value has no interval.`] : [];
}

function tooClose(controls: Controls, reference: Played): string[] {
  const { base } = controls.played;
  if (base === undefined) return ['reference has nothing to be compared with: base did not play.'];
  const gain = gainOver(base, reference, controls.direction);
  if (gain === null) return [];
  const noise = (base.half_interval ?? 0) + (reference.half_interval ?? 0);
  return gain > noise
    ? []
    : [
        `reference is better than base by ${shown(gain)}, which is not more than both half-intervals, ${shown(noise)}.`,
      ];
}

function cheatFaults(controls: Controls, cheat: Played): string[] {
  const { tried, refused } = controls.tricks ?? { tried: 0, refused: 0 };
  const accepted =
    refused < tried ? [`${tried - refused} of ${tried} tricks of the catalogue was not refused.`] : [];
  const none = tried === 0 ? ['cheat tried no trick of the catalogue.'] : [];
  return [...none, ...accepted, ...cheatGain(controls, cheat)];
}

/** A trick that was handed in must be refused or found out, or be worth nothing. */
function cheatGain({ played: { base }, direction }: Controls, cheat: Played): string[] {
  if (cheat.outcome === 'invalid' || cheat.outcome === 'no_submission') return [];
  if (cheat.outcome !== 'valid')
    return [`cheat ended ${cheat.outcome}, and neither refused nor invalid nor valid.`];
  if (base === undefined) return ['cheat is valid and has nothing to be compared with: base did not play.'];
  const gain = gainOver(base, cheat, direction);
  const noise = cheat.half_interval ?? 0;
  if (gain === null || gain <= noise) return [];
  return [
    `cheat is valid and better than base by ${shown(gain)}, which is more than its half-interval, ${shown(noise)}.`,
  ];
}

/** By how much one value is better than another, in the metric's direction; null where one is missing. */
export function gainOver(base: Played, other: Played, direction: Direction): number | null {
  if (base.value === null || other.value === null) return null;
  return direction === 'higher_is_better' ? other.value - base.value : base.value - other.value;
}

function rulesText(broken: readonly string[]): string {
  return broken.length === 0 ? '' : ` (${broken.join(', ')})`;
}

function shown(value: number): string {
  return value.toFixed(3);
}
