import { z } from 'zod';
import { ConfigError } from '../../errors.js';
import { count, duration, grouped, size } from '../../lib/text.js';
import type { Run } from '../../runs/run.js';
import { RunStore } from '../../runs/run-store.js';
import type { Evaluation } from '../../runs/score.js';
import type { TraceEvent } from '../../runs/trace.js';
import { defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { resolveRunId } from '../judged-runs.js';
import { findingLines, provenanceLines, scoreLines } from '../score-text.js';

export const show = defineCommand({
  name: 'show',
  summary: 'one run: its record, scores, and where its files lie',
  arguments: [['<run>', 'its id, the beginning of it, or `last`']],
  options: [['--trace', 'also every event of the run'], JSON_OPTION],
  examples: [
    ['mlrb show last', 'the newest run'],
    ['mlrb show run_1a2b --trace', 'everything that happened in a run'],
  ],
  input: z.object({ run: z.string(), trace: z.boolean().default(false), json: JsonFlag }),
  async run({ run: given, trace, json }, { config, print }) {
    const runs = new RunStore(config.home);
    const run = await runs.read(await resolveRunId(runs, given));
    const { evaluation, evaluation_fault } = await readEvaluation(runs, run.run_id);
    const { root } = runs.folder(run.run_id);
    const reading = await runs.readTrace(run.run_id);
    if (json) {
      const events = trace ? { trace: reading.events } : {};
      const fault = evaluation_fault === undefined ? {} : { evaluation_fault };
      print(
        JSON.stringify({ run, evaluation: evaluation ?? null, ...fault, folder: root, ...events }, null, 2),
      );
      return 0;
    }
    const calls = reading.events.filter(({ type }) => type === 'tool_call').length;
    const damaged = reading.damagedLines === 0 ? '' : `, ${count(reading.damagedLines, 'damaged line')}`;
    print(
      [
        ...runLines(run),
        ...evaluationLines(evaluation),
        ...((await hasStopped(runs, run, evaluation))
          ? [`  nothing evaluates it any more: \`mlrb evaluate ${run.run_id}\` goes on`]
          : []),
        ...(evaluation_fault === undefined ? [] : [`  evaluation: ${evaluation_fault}`]),
        `  trace: ${count(reading.events.length, 'event')}, ${count(calls, 'tool call')}${damaged}`,
        `  folder: ${root}`,
        ...(trace ? ['', ...reading.events.map(eventLine)] : []),
      ].join('\n'),
    );
    return 0;
  },
});

/** The record of an evaluation whose process was killed still says that it runs; of one that was cancelled, that it was stopped. */
async function hasStopped(
  runs: RunStore,
  { run_id }: Run,
  evaluation: Evaluation | undefined,
): Promise<boolean> {
  return ['running', 'stopped'].includes(evaluation?.state ?? '') && !(await runs.isBeingEvaluated(run_id));
}

/** A damaged record of the evaluation must not hide the run. */
async function readEvaluation(runs: RunStore, runId: string) {
  try {
    return { evaluation: await runs.readEvaluation(runId) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { evaluation_fault: `${error.message} \`mlrb evaluate ${runId}\` evaluates anew.` };
  }
}

function runLines(run: Run): string[] {
  const { submission } = run;
  return [
    `${run.run_id}: ${run.task_id} by ${run.principal}, ${run.state}${run.outcome === null ? '' : `, ${run.outcome}`}`,
    ...(run.reason === null ? [] : [`  reason: ${run.reason}`]),
    ...(run.note === null ? [] : [`  note: ${onOneLine(run.note)}`]),
    `  started ${run.started_at ?? '–'}, deadline ${run.deadline_at ?? '–'}, ended ${run.ended_at ?? '–'}`,
    `  sandbox ${run.sandbox}, network ${run.network}, budget ${duration(run.budget.wall_clock_min * 60)}`,
    ...(submission === null
      ? []
      : [
          `  submitted ${onOneLine(submission.model_path)}${submission.at_deadline ? ' at the deadline' : ''}: ${count(submission.files.length, 'file')}, ${size(submission.bytes)}, ${submission.parameters?.toLocaleString('en-US') ?? '–'} parameters, digest ${submission.digest.slice(0, 16)}`,
          ...(submission.claimed_metric === null
            ? []
            : [`  claimed: ${onOneLine(submission.claimed_metric)}`]),
        ]),
  ];
}

/** A contestant wrote it: nothing in it may move the cursor of whoever reads it. */
function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

function evaluationLines(evaluation: Evaluation | undefined): string[] {
  if (evaluation === undefined) return [];
  const { state, progress, reason, scores, findings, provenance, from_cache } = evaluation;
  const how =
    state === 'done' ? '' : `: ${progress.step}, ${grouped(progress.done)} of ${grouped(progress.total)}`;
  return [
    `  evaluation ${state}${how}${from_cache ? ', taken from the cache' : ''}${reason === undefined ? '' : `: ${reason}`}`,
    ...scores.flatMap(scoreLines),
    ...findings.flatMap(findingLines),
    ...(provenance === undefined ? [] : provenanceLines(provenance)),
  ];
}

function eventLine(event: TraceEvent): string {
  return `${event.at.slice(11, 23)} ${event.type} ${onOneLine(eventText(event)).slice(0, 160)}`.toWellFormed();
}

function eventText(event: TraceEvent): string {
  switch (event.type) {
    case 'run_state':
      return `${event.from ?? '–'} → ${event.to}${event.reason === null ? '' : `: ${event.reason}`}`;
    case 'tool_call':
      return `${event.tool} ${JSON.stringify(event.input)}`;
    case 'tool_answer':
      return `${event.tool} ${event.ok ? 'ok' : event.error} ${event.duration_ms} ms: ${event.text}`;
    case 'sandbox':
      return `${event.action} ${event.ok ? 'ok' : 'failed'} ${event.duration_ms} ms`;
    case 'request':
      return `${event.source} ${event.error ?? event.status ?? ''} ${event.cache} ${event.bytes} B ${event.duration_ms} ms ${event.url}`;
    case 'evaluation':
      return `${event.state}${event.outcome === null ? '' : `, ${event.outcome}`}${event.detail === null ? '' : `: ${event.detail}`}`;
    default:
      return withoutFrame(event);
  }
}

function withoutFrame({ at: _at, seq: _seq, type: _type, ...rest }: TraceEvent): string {
  return JSON.stringify(rest);
}
