import type { Run } from '../../runs/run.js';

/** The sentence beside an outcome, as a contestant is told it. Why scoring failed is written for the operator, with paths of the host. */
export function toldReason({ run_id, state, outcome, reason }: Run): string | null {
  if (state !== 'submitted' || outcome !== 'failed') return reason;
  return `It could not be scored; \`mlrb show ${run_id}\` tells the operator why.`;
}
