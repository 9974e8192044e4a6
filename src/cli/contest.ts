import { spawn } from 'node:child_process';
import { connect } from '../agent/connect.js';
import { findScript } from '../agent/find-script.js';
import type { Config } from '../config.js';
import { errorCode, InputError } from '../errors.js';
import { packageVersion } from '../lib/package-root.js';
import type { JudgedRun } from '../report/result-row.js';
import { isOver } from '../runs/run.js';
import { findTask } from '../tasks/tasks.js';
import { cancelRun } from '../tools/support/close-run.js';
import type { Host } from '../tools/tool.js';
import type { CommandContext } from './command.js';
import { MAIN, stopEvaluationProcess } from './evaluation-process.js';
import { asOnlyPlayer } from './player-mark.js';
import { settingsEnvironment } from './settings-for-children.js';
import { readyModelsOf } from './small-models-here.js';

export interface Contest {
  readonly taskId: string;
  /** As on the command line, for example `script:reference`. */
  readonly model: string;
  readonly host: Host;
}

/** The name under which a model of ours plays. */
export function principalOf(model: string): string {
  return `agent-${model.slice(model.indexOf(':') + 1)}`;
}

/**
 * Lets one contestant play one run against a server of its own, until there is a score or it has left. On abort the run is
 * cancelled, and nothing of it goes on: no sandbox, no evaluation, no server.
 * @throws InputError if the same contestant is playing already; whatever made the contestant stop short.
 */
export async function playRun(contest: Contest, context: CommandContext): Promise<JudgedRun> {
  const principal = principalOf(contest.model);
  await readyModelsOf(findTask(contest.host.tasks, contest.taskId), context.config, context);
  try {
    return await asOnlyPlayer(context.config.home, principal, () => playAs(principal, contest, context));
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error;
    throw new InputError(
      `Another mlrb process plays as ${principal} right now. Wait until it is done, or give this one another folder with --home.`,
      { cause: error },
    );
  }
}

async function playAs(principal: string, contest: Contest, context: CommandContext): Promise<JudgedRun> {
  const { host } = contest;
  await endLeftOver(principal, host);
  let runId: string | undefined;
  using _closing = closeOnSuddenExit(() => runId, context.config);
  try {
    await play(principal, contest, context, id => {
      runId = id;
    });
  } finally {
    runId ??= await unannouncedRun(principal, host);
    if (runId !== undefined) await close(runId, contest, context.signal);
  }
  if (runId === undefined) throw new Error(`${contest.model} left without a run`);
  return { run: await host.runs.read(runId), evaluation: await host.runs.readEvaluation(runId) };
}

async function play(
  principal: string,
  { taskId, model }: Contest,
  { config, signal, progress }: CommandContext,
  onRun: (runId: string) => void,
): Promise<void> {
  const script = findScript(model, taskId);
  const server = {
    command: process.execPath,
    args: [MAIN, 'serve', '--as', principal],
    env: { ...process.env, ...settingsEnvironment(config) },
  };
  const name = model.replace(/^script:/, '');
  await using contestant = await connect(server, { name: `mlrb-${name}`, version: packageVersion(), signal });
  await script({
    contestant,
    taskId,
    onRun,
    onStep: (text, detail) => progress.step(`  ${name} ${text}`, detail),
    onOutput: text => {
      for (const line of text.split('\n').filter(part => part.trim() !== ''))
        progress.line(`  ${name} | ${line}`);
    },
  });
  progress.clear();
}

/** A second Ctrl-C waits for nothing: then another process closes the run. */
function closeOnSuddenExit(runId: () => string | undefined, config: Config): Disposable {
  const onExit = () => {
    const id = runId();
    if (id !== undefined) startCancelProcess(id, config);
  };
  process.once('exit', onExit);
  return { [Symbol.dispose]: () => void process.off('exit', onExit) };
}

/** Starts `mlrb cancel`, at once: nothing can be waited for any more. */
function startCancelProcess(runId: string, config: Config): void {
  spawn(process.execPath, [MAIN, 'cancel', runId], {
    detached: true,
    env: { ...process.env, ...settingsEnvironment(config) },
    stdio: 'ignore',
  }).unref();
}

/** A run that an earlier process of ours left on when it was killed; only the holder of the lock may think so. */
async function endLeftOver(principal: string, host: Host): Promise<void> {
  const runId = await unannouncedRun(principal, host);
  if (runId === undefined) return;
  await cancelRun(runId, { reason: 'The process that played it ended.' }, host);
}

async function unannouncedRun(principal: string, host: Host): Promise<string | undefined> {
  const run = await host.runs.current(principal);
  return run === undefined || isOver(run) ? undefined : run.run_id;
}

/** Ends what the contestant left on. */
async function close(runId: string, { host, model }: Contest, signal: AbortSignal): Promise<void> {
  const reason = signal.aborted ? 'The operator stopped it.' : `${model} left without handing in.`;
  try {
    await cancelRun(runId, { reason }, host);
  } finally {
    if (signal.aborted) await stopEvaluationProcess(runId, host.runs);
  }
}
