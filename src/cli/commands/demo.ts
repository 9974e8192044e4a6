import { z } from 'zod';
import { findPythonEnvironment } from '../../lib/python-environment.js';
import { duration } from '../../lib/text.js';
import { type JudgedRun, resultRow } from '../../report/result-row.js';
import { renderResults } from '../../report/results-table.js';
import type { Host } from '../../tools/tool.js';
import { clientBlock } from '../client-block.js';
import { type CommandContext, defineCommand, JSON_OPTION, JsonFlag } from '../command.js';
import { composeHost } from '../compose.js';
import { playRun } from '../contest.js';
import { evaluationPython } from '../evaluation-python.js';
import { readyPython } from '../python-environment-here.js';

const TASK = 'mini_baby_lm';
const CONTESTANTS = [
  { model: 'script:nop', does: 'starts a run and leaves: the floor below all floors' },
  { model: 'script:base', does: 'hands in an untrained model' },
  { model: 'script:reference', does: 'trains a small model from scratch and hands it in' },
] as const;

const ISOLATES_NOTHING =
  'Note: the sandbox of this demo is a plain process of your user and isolates nothing; these contestants are our own.';

export const demo = defineCommand({
  name: 'demo',
  summary: 'see the whole benchmark work on real data: minutes, CPU, no key, no Docker',
  details: `Three scripted contestants play the task ${TASK} over MCP; the server scores what they hand in.`,
  options: [JSON_OPTION],
  examples: [
    ['mlrb demo', 'ends with the results, and how to plug your own agent in'],
    ['mlrb demo --json > demo.json', 'the same for a program; progress is still told on standard error'],
  ],
  input: z.object({ json: JsonFlag }),
  async run({ json }, context) {
    const { config, signal, log, progress, print } = context;
    const host = composeHost(config, { signal, log });
    const begun = Date.now();
    await announce(context);
    await readyPython(config, context);
    const played: JudgedRun[] = [];
    for (const [index, { model, does }] of CONTESTANTS.entries()) {
      progress.line(`\n${index + 1} of ${CONTESTANTS.length}: ${model} ${does}.`);
      const judged = await playRun({ taskId: TASK, model, host }, context);
      played.push(judged);
      progress.line(`  ${outcomeOf(judged)}`);
    }
    if (json) print(JSON.stringify(asJson(played, host, context), null, 2));
    else print(closing(played, host, context, Date.now() - begun));
    return played.some(({ run }) => run.outcome === 'failed') ? 1 : 0;
  },
});

/** Says in advance what will happen and how long it takes. */
async function announce({ config, progress }: CommandContext): Promise<void> {
  const made = (await findPythonEnvironment(evaluationPython(config))) !== undefined;
  const setUp =
    'First, once: make a Python environment (PyTorch, lm-evaluation-harness), up to 10 minutes and a few GB.';
  progress.line(
    [
      `The demo plays the task ${TASK} three times, on this machine's processor, and keeps everything in ${config.home}.`,
      ...(made ? [] : [setUp]),
      'Then, about 5 minutes: each contestant reads the task over MCP, works in a sandbox and hands in a model;',
      'the server scores it with lm-evaluation-harness on all 67 subtasks of BLiMP. Ctrl-C ends it and leaves nothing running.',
      ...(config.sandbox === 'local' ? [ISOLATES_NOTHING] : []),
    ].join('\n'),
  );
}

function outcomeOf({ run, evaluation }: JudgedRun): string {
  const row = resultRow({ run, evaluation });
  const value = row.value === null ? '' : `: ${row.metric} ${row.value.toFixed(3)}`;
  return `${row.outcome}${value}${run.reason === null ? '' : `. ${run.reason}`}`;
}

function asJson(played: readonly JudgedRun[], { runs }: Host, { config }: CommandContext): object {
  return {
    runs: played.map(judged => ({ ...resultRow(judged), folder: runs.folder(judged.run.run_id).root })),
    ...clientBlock(config),
  };
}

function closing(
  played: readonly JudgedRun[],
  host: Host,
  { config }: CommandContext,
  milliseconds: number,
): string {
  return [
    '',
    `Results on ${TASK}, after ${duration(milliseconds / 1000)}:`,
    '',
    renderResults(played.map(resultRow), 'table'),
    '',
    'Each run is a folder: its record, every event (trace.jsonl), the workspace, the frozen submission, and the scores with their rows:',
    ...played.map(({ run }) => `  ${run.principal}: ${host.runs.folder(run.run_id).root}`),
    '',
    'Let your own agent take part: give this to any MCP client and ask it to "play the task mini_baby_lm".',
    '',
    JSON.stringify(clientBlock(config), null, 2),
  ].join('\n');
}
