import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InputError, isKnownError, SandboxError } from '../errors.js';
import { duration } from '../lib/text.js';
import type { Run } from '../runs/run.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { type PromptPaths, renderPrompt, SUBMISSION_FOLDER } from '../tasks/prompt.js';
import type { TaskFolder } from '../tasks/task.js';
import { findTask } from '../tasks/tasks.js';
import { settleRun } from './support/close-run.js';
import { sandboxPlace, sandboxSpec, secondsLeft } from './support/sandbox-spec.js';
import { defineTool, type ToolContext } from './tool.js';

export const startRun = defineTool({
  name: 'start_run',
  title: 'Start a run',
  group: 'run',
  description:
    'Begin an attempt at a task: makes the workspace and starts the clock. Answers with the task, the paths and the deadline. One run at a time.',
  input: z.strictObject({
    task_id: z.string().describe('As list_tasks answers it, for example "mini_baby_lm".'),
    note: z
      .string()
      .max(1000)
      .optional()
      .describe('Kept with the run, for example which model you are. At most 1,000 characters.'),
  }),
  output: z.object({
    run_id: z.string(),
    task_id: z.string(),
    workspace: z.string(),
    data: z.string(),
    submission_path: z.string(),
    deadline_at: z.string(),
    warning: z.string().optional(),
    prompt: z.string(),
    next: z.string(),
  }),
  effect: 'writes',
  essential: true,
  needs: 'nothing',
  async handle({ task_id, note }, context) {
    const folder = findTask(context.offered, task_id);
    await context.checkReady({ principal: context.principal, gpus: folder.task.budget.gpus });
    await context.trainingData(folder); // where it is missing, no run is begun
    const run = await context.runs.withPrincipal(context.principal, async () => {
      await refuseSecondRun(context);
      return begin(folder, note ?? null, context);
    });
    return startAnswer(run, folder, context);
  },
});

async function refuseSecondRun(context: ToolContext): Promise<void> {
  const last = await context.runs.current(context.principal).catch((error: unknown) => {
    if (!isKnownError(error)) throw error;
    context.log.warn({ error }, 'the last run cannot be read; another is started');
    return undefined;
  });
  if (last === undefined) return;
  const run = await settleRun(last, context);
  if (run.submitting) {
    throw new SandboxError(
      `What run ${run.run_id} handed in is still being copied. Call start_run again in a few seconds.`,
    );
  }
  if (run.state === 'running') {
    throw new InputError(
      `Run ${run.run_id} on ${run.task_id} is on, with ${duration(secondsLeft(run))} left. Go on in it (run_status tells where it stands), or hand in with submit_model before you start another.`,
    );
  }
  if (run.state === 'created') {
    await context.backend.destroy(sandboxPlace(run, context));
    await fail(run, 'The server ended while the run was being started.', context);
  }
}

/** A run that is being started is started to the end, whoever waits for the answer. */
const UNLIMITED = new AbortController().signal;

async function begin(folder: TaskFolder, note: string | null, context: ToolContext): Promise<Run> {
  const { runs, backend, principal } = context;
  const { task } = folder;
  const created = await runs.create({
    task_id: task.id,
    task_version: task.version,
    principal,
    note,
    sandbox: backend.kind,
    network: backend.networkFor(task.network),
    budget: task.budget,
  });
  try {
    const spec = await sandboxSpec(created, context);
    const { workspace } = runs.folder(created.run_id);
    for (const files of folder.files) await cp(files, workspace, { recursive: true });
    const prompt = await renderPrompt(folder, backend.pathsFor(spec), created.network);
    await writeFile(join(workspace, 'README.md'), prompt);
    await using sandbox = await backend.create(spec, { signal: UNLIMITED });
    const deadline_at = await deadlineOf(sandbox);
    const started_at = new Date(Date.parse(deadline_at) - spec.limits.wall_clock_s * 1000).toISOString();
    return await runs.withRun(created.run_id, () =>
      runs.step(created.run_id, 'running', { started_at, deadline_at }),
    );
  } catch (error) {
    await backend.destroy(sandboxPlace(created, context)).catch(() => undefined);
    await fail(created, isKnownError(error) ? error.message : 'The sandbox could not be made.', context);
    throw error;
  }
}

/** The clock that counts is the executor's; read before its answer, ours never runs out after it. */
async function deadlineOf(sandbox: Sandbox): Promise<string> {
  const now = Date.now();
  const { seconds_left } = await sandbox.usage({ signal: UNLIMITED });
  return new Date(now + seconds_left * 1000).toISOString();
}

async function fail(run: Run, reason: string, { runs }: ToolContext): Promise<void> {
  await runs.withRun(run.run_id, () =>
    runs.step(run.run_id, 'failed', { outcome: 'failed', reason, ended_at: new Date().toISOString() }),
  );
}

async function startAnswer(run: Run, folder: TaskFolder, context: ToolContext) {
  const paths: PromptPaths = context.backend.pathsFor(await sandboxSpec(run, context));
  const prompt = await renderPrompt(folder, paths, run.network);
  const submission_path = `${paths.workspace}/${SUBMISSION_FOLDER}`;
  const next = `Work with run_bash, run_python and write_code; keep a good model in ${submission_path}; call submit_model when you are done.`;
  const { warning } = context.backend;
  const facts = [
    `Run ${run.run_id} has begun; ${duration(secondsLeft(run))} left, until ${run.deadline_at}.`,
    `Workspace: ${paths.workspace}`,
    `Data (read-only): ${paths.data}`,
    ...(run.network === 'open'
      ? ['Network: public addresses, by the proxy that HTTP_PROXY and HTTPS_PROXY name.']
      : []),
    ...(warning === null ? [] : [`Note: ${warning}`]),
  ];
  return {
    text: [...facts, '', prompt, '', next].join('\n'),
    data: {
      run_id: run.run_id,
      task_id: run.task_id,
      workspace: paths.workspace,
      data: paths.data,
      submission_path,
      deadline_at: run.deadline_at,
      ...(warning === null ? {} : { warning }),
      prompt,
      next,
    },
  };
}
