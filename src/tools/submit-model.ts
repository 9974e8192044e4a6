import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { InputError } from '../errors.js';
import { size } from '../lib/text.js';
import { inspectModelFolder } from '../runs/intake/inspect-model-folder.js';
import type { Run } from '../runs/run.js';
import { findTask } from '../tasks/tasks.js';
import { handIn, isBroken } from './support/close-run.js';
import { runIsPaused } from './support/pause-run.js';
import { sandboxSpec } from './support/sandbox-spec.js';
import { defineTool, type RunToolContext, type ToolResult } from './tool.js';

export const submitModel = defineTool({
  name: 'submit_model',
  title: 'Submit the model',
  group: 'run',
  description:
    'Hand in a model folder and end the run. It is checked first: if anything is wrong, every reason is told and the run goes on. Accepted, all processes are ended, the files are frozen, and scoring starts by itself: see get_result.',
  input: z.strictObject({
    model_path: z
      .string()
      .describe('Folder of the model, absolute or relative to the workspace, for example "submission".'),
    claimed_metric: z
      .string()
      .max(500)
      .optional()
      .describe('What you measured yourself, in words. Kept beside the score, never used for it.'),
    note: z.string().max(5000).optional().describe('What you did, in a few sentences.'),
  }),
  output: z.object({
    accepted: z.boolean(),
    run_id: z.string(),
    digest: z.string(),
    size_bytes: z.number(),
    parameters: z.number().optional(),
    next: z.string(),
  }),
  effect: 'destroys',
  essential: true,
  needs: 'run',
  async handle({ model_path, claimed_metric, note }, context) {
    const { run } = context;
    if (run.submission !== null) return accepted(run);
    if (run.state !== 'running') {
      throw new InputError(
        `Run ${run.run_id} is over (${run.state}): nothing more can be handed in. Call start_run to begin another.`,
      );
    }
    if (run.paused_at) throw runIsPaused();
    const folder = await submittedFolder(model_path, context);
    await refuseBroken(folder, model_path, context);
    const request = { folder, claimed_metric: claimed_metric ?? null, note: note ?? null };
    const submitted = await context.runs.withRun(run.run_id, async () => {
      const now = await context.runs.read(run.run_id);
      return now.submission === null ? handIn(now, request, context) : now;
    });
    return accepted(submitted);
  },
});

/** The folder on this host for a path as the contestant writes it. */
async function submittedFolder(modelPath: string, context: RunToolContext): Promise<string> {
  const paths = context.backend.pathsFor(await sandboxSpec(context.run, context));
  const inside = relative(paths.workspace, resolve(paths.workspace, modelPath));
  const outside = new InputError(
    `The path "${modelPath.slice(0, 200)}" lies outside the workspace ${paths.workspace}. Hand in a folder inside it, for example "submission".`,
  );
  if (inside.startsWith('..') || modelPath.includes('\0')) throw outside;
  if (inside === '')
    throw new InputError(
      'The workspace itself cannot be handed in. Put the model into a folder of its own, for example "submission".',
    );
  const workspace = await realpath(context.runs.folder(context.run.run_id).workspace);
  const folder = join(workspace, inside);
  const real = await realpath(folder).catch(() => folder);
  if (real !== folder) {
    throw new InputError(
      `The path "${modelPath.slice(0, 200)}" goes through a link. Hand in the folder itself, not a link to it.`,
    );
  }
  return folder;
}

async function refuseBroken(folder: string, modelPath: string, context: RunToolContext): Promise<void> {
  const { task } = findTask(context.tasks, context.run.task_id);
  const inspection = await inspectModelFolder(folder, task.submission);
  if (!isBroken(inspection)) return;
  const reasons = inspection.findings
    .filter(finding => finding.severity === 'broken')
    .map(({ message }) => `- ${message}`);
  throw new InputError(
    [
      `"${modelPath.slice(0, 200)}" was not accepted; the run goes on. Mend this and call submit_model again:`,
      ...reasons,
    ].join('\n'),
  );
}

function accepted(run: Run): ToolResult {
  const { submission } = run;
  if (submission === null) throw new Error(`run ${run.run_id} is ${run.state} and has no submission`);
  const next = 'The run is over and is being scored. Call get_result for the outcome.';
  return {
    text: `Accepted: ${submission.model_path}, ${size(submission.bytes)}${submission.parameters === null ? '' : `, ${submission.parameters.toLocaleString('en-US')} parameters`}, digest ${submission.digest.slice(0, 16)}. ${next}`,
    data: {
      accepted: true,
      run_id: run.run_id,
      digest: submission.digest,
      size_bytes: submission.bytes,
      ...(submission.parameters === null ? {} : { parameters: submission.parameters }),
      next,
    },
  };
}
