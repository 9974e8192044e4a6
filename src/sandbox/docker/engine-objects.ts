import { z } from 'zod';

/** What of the engine's objects matters here, as its HTTP interface shows them. */

export const InspectedContainer = z.object({
  Id: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Running: z.boolean(),
    Paused: z.boolean(),
    OOMKilled: z.boolean(),
    ExitCode: z.number(),
    Pid: z.number(),
  }),
});

export const ListedContainers = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).nullish(),
    /** Seconds since 1970. */
    Created: z.number(),
    State: z.string(),
    Labels: z.record(z.string(), z.string()).nullish(),
  }),
);

export const InspectedImage = z.object({
  Config: z.object({ Env: z.array(z.string()).nullish() }).nullish(),
});

export const EndedContainer = z.object({ StatusCode: z.number() });

export const MadeContainer = z.object({ Id: z.string() });

/** Path of something that can be asked of, or done to, one container. */
export function containerPath(idOrName: string, what = ''): string {
  return `/containers/${encodeURIComponent(idOrName)}${what === '' ? '' : `/${what}`}`;
}

export function imagePath(name: string): string {
  return `/images/${encodeURIComponent(name)}/json`;
}
