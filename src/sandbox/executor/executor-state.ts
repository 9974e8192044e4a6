import { readFile } from 'node:fs/promises';
import { z } from 'zod';

/** What an executor says about itself in its state file. */
const ExecutorState = z.object({
  version: z.number(),
  run_id: z.string(),
  pid: z.number().int().positive().nullable(),
  pid_start: z
    .number()
    .int()
    .nullable()
    .describe('clock ticks from boot to its start; null where the system does not tell'),
  boot_id: z.string().nullable(),
  deadline: z
    .number()
    .nullish()
    .describe('when the time is up, in seconds of the monotonic clock that all processes of a host share'),
  paused_seconds: z.number().nullish().describe('length of all pauses that it allows for'),
  socket: z.string().nullable(),
  python: z.string(),
  ended: z
    .string()
    .nullable()
    .describe('why the sandbox has ended for good; null while another executor may follow'),
});
export type ExecutorState = z.infer<typeof ExecutorState>;

/** The state file's content; null where it is missing or damaged. */
export async function readExecutorState(path: string): Promise<ExecutorState | null> {
  try {
    return ExecutorState.safeParse(JSON.parse(await readFile(path, 'utf8'))).data ?? null;
  } catch {
    return null;
  }
}
