import { z } from 'zod';
import { InputError } from '../errors.js';
import { size } from '../lib/text.js';
import { quoted } from '../runs/intake/findings.js';
import { isOver, type Run } from '../runs/run.js';
import type { HandIn } from '../runs/submission.js';
import { findTask } from '../tasks/tasks.js';
import { finishHandIn, folderInWorkspace, handIn, isBroken } from './support/hand-in.js';
import { pathInWorkspace } from './support/model-path.js';
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
      .max(1000)
      .describe(
        'Folder of the model, absolute or relative to the workspace, for example "submission". At most 1,000 characters.',
      ),
    claimed_metric: z
      .string()
      .max(500)
      .optional()
      .describe(
        'What you measured yourself, in words. Kept beside the score, never used for it. At most 500 characters.',
      ),
    note: z
      .string()
      .max(5000)
      .optional()
      .describe('What you did, in a few sentences. At most 5,000 characters.'),
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
    if (run.submitting) return accepted(await handInOnce(run, run.submitting, context));
    if (isOver(run)) return accepted(run);
    if (run.paused_at) throw runIsPaused();
    const { workspace } = context.backend.pathsFor(await sandboxSpec(run, context));
    const modelPath = pathInWorkspace(model_path, workspace);
    await refuseBroken(modelPath, context);
    const wanted = {
      accepted_at: new Date().toISOString(),
      model_path: modelPath,
      claimed_metric: claimed_metric ?? null,
      note: note ?? null,
    };
    return accepted(await handInOnce(run, wanted, context));
  },
});

async function refuseBroken(modelPath: string, context: RunToolContext): Promise<void> {
  const { task } = findTask(context.tasks, context.run.task_id);
  const folder = await folderInWorkspace(context.runs.folder(context.run.run_id), modelPath);
  if (folder === undefined) {
    throw new InputError(
      `The path ${quoted(modelPath)} goes through a link. Hand in the folder itself, not a link to it.`,
    );
  }
  const { inspectModelFolder } = await import('../runs/intake/inspect-model-folder.js'); // large, and needed once a run
  const inspection = await inspectModelFolder(folder, task.submission);
  if (!isBroken(inspection)) return;
  const reasons = inspection.findings
    .filter(finding => finding.severity === 'broken')
    .map(({ message }) => `- ${message}`);
  throw new InputError(
    [
      `${quoted(modelPath)} was not accepted; the run goes on. Mend this and call submit_model again:`,
      ...reasons,
    ].join('\n'),
  );
}

/** Two calls at once hand in one model, the first one's. */
async function handInOnce({ run_id }: Run, wanted: HandIn, context: RunToolContext): Promise<Run> {
  return context.runs.withRun(run_id, async () => {
    const now = await context.runs.read(run_id);
    if (now.submitting) return finishHandIn(now, context);
    return now.state === 'running' ? handIn(now, wanted, context) : now;
  });
}

/** @throws InputError if the run ended without a submission that can be scored. */
function accepted(run: Run): ToolResult {
  const { submission } = run;
  if (submission === null) {
    throw new InputError(
      `Run ${run.run_id} is over (${run.state}): nothing more can be handed in. Call start_run to begin another.`,
    );
  }
  if (submission.files.length === 0) {
    throw new InputError(
      `Run ${run.run_id} is over: what lay in ${submission.model_path} at its end breaks the rules. Call get_result for every reason.`,
    );
  }
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
