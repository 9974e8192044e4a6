import { z } from 'zod';

/** The parts of the tools' answers that the scripted contestants use. */
export const TaskList = z.object({ tasks: z.array(z.object({ task_id: z.string() })) });
export const TaskText = z.object({ prompt: z.string() });
export const StartedRun = z.object({
  run_id: z.string(),
  workspace: z.string(),
  data: z.string(),
  submission_path: z.string(),
});
export type StartedRun = z.infer<typeof StartedRun>;
export const JobPage = z.object({
  job_id: z.string(),
  state: z.enum(['running', 'exited', 'cancelled', 'lost']),
  exit_code: z.number().optional(),
  output: z.string(),
  output_path: z.string(),
  cursor: z.number(),
  more: z.boolean(),
});
export type JobPage = z.infer<typeof JobPage>;
export const Accepted = z.object({ accepted: z.literal(true), digest: z.string() });
export const Result = z.object({
  state: z.string(),
  outcome: z.string().optional(),
  reason: z.string().optional(),
  evaluation: z
    .object({ state: z.string(), step: z.string(), done: z.number(), total: z.number() })
    .optional(),
});
export type Result = z.infer<typeof Result>;
export const AnyAnswer = z.object({});
