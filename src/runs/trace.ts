import { z } from 'zod';

const base = {
  at: z.iso.datetime(),
  seq: z.string().describe('unique in the run; sorts by time within one process'),
};

/** What can happen in a run. Enough to retell it. */
export const TraceEvent = z.discriminatedUnion('type', [
  z.strictObject({
    ...base,
    type: z.literal('run_state'),
    from: z.string().nullable(),
    to: z.string(),
    reason: z.string().nullable(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('tool_call'),
    call: z.string(),
    tool: z.string(),
    input: z.unknown(),
    client: z.string().nullable().describe('name and version as the client states them'),
    protocol: z.string().nullable(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('tool_answer'),
    call: z.string(),
    tool: z.string(),
    ok: z.boolean(),
    text: z.string(),
    error: z.string().nullable().describe('kind of error'),
    detail: z.string().nullable().describe('for the operator: what a contestant does not see'),
    duration_ms: z.number(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('sandbox'),
    call: z.string().nullable(),
    action: z.string(),
    detail: z.record(z.string(), z.unknown()),
    ok: z.boolean(),
    duration_ms: z.number(),
  }),
  z.strictObject({
    ...base,
    type: z.literal('request'),
    call: z.string().nullable(),
    source: z.string().describe('service that was asked'),
    url: z.string().describe('without keys'),
    status: z.number().nullable().describe('HTTP status; null where no answer came'),
    cache: z
      .enum(['miss', 'hit', 'revalidated', 'stale', 'joined', 'none'])
      .describe('`joined`: another call was asking the same; `stale`: an old answer, since no new one came'),
    bytes: z.number(),
    duration_ms: z.number(),
    error: z.string().nullable().describe('why there is no answer: `off_limits`, `throttled`, `timeout`, …'),
  }),
  z.strictObject({
    ...base,
    type: z.literal('evaluation'),
    state: z.string(),
    outcome: z.string().nullable(),
    detail: z.string().nullable(),
  }),
]);
export type TraceEvent = z.infer<typeof TraceEvent>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** An event without what the trace itself adds. */
export type NewTraceEvent = DistributiveOmit<TraceEvent, 'at' | 'seq'>;

/** The ordered, append-only events of one run. */
export interface Trace {
  /** Resolves when the event is with the operating system: it survives the death of this process at any later moment. */
  append(event: NewTraceEvent): Promise<void>;
}
