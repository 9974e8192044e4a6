import { figure, say } from './support/print.js';
import { type BenchServer, benchServer, residentMb } from './support/server.js';

const CALLS = 10_000;
/** So many until the collector has let the heap grow to the size that it keeps: measured over 26,000 calls. */
const WARM_UP_CALLS = 6000;
const OUTPUT_BYTES = 1e9;

/** Memory of the server over many calls, and over a job that writes 1 GB of output. */
export async function memory(): Promise<void> {
  await using server = await benchServer();
  for (let n = 0; n < WARM_UP_CALLS; n += 1) await mixedCall(server, n);
  const settled = residentMb(server.pid);
  for (let n = 0; n < CALLS; n += 1) await mixedCall(server, n);
  const after = residentMb(server.pid);
  say(
    `server memory: ${settled.toFixed(0)} MB after ${WARM_UP_CALLS} calls, ${after.toFixed(0)} MB after ${CALLS} more`,
  );
  figure(`growth over ${CALLS} calls`, `${(after - settled).toFixed(1)} MB`, 'at most 20 MB');

  const before = residentMb(server.pid);
  let peak = before;
  let job = await server.call('run_bash', {
    script: `yes 0123456789abcdef | head -c ${OUTPUT_BYTES}`,
    wait_s: 0,
  });
  while (job.state === 'running') {
    job = await server.call('job_wait', { job_id: job.job_id, wait_s: 0.2 });
    peak = Math.max(peak, residentMb(server.pid));
  }
  const first = await server.call('job_wait', { job_id: job.job_id, cursor: 0 });
  peak = Math.max(peak, residentMb(server.pid));
  say(
    `a job wrote ${String(first.output_bytes)} bytes; server memory: ${before.toFixed(0)} MB before, ${peak.toFixed(0)} MB at most`,
  );
  figure('growth over one job with 1 GB of output', `${(peak - before).toFixed(1)} MB`, 'at most 20 MB');
}

const TOOLS: readonly (readonly [string, Record<string, unknown>])[] = [
  ['run_bash', { script: 'echo hello; seq 1 2000' }],
  ['write_code', { path: 'notes.txt', code: 'x'.repeat(5000) }],
  ['read_code', { path: 'notes.txt' }],
  ['run_status', {}],
  ['thought', { thought: 'one more' }],
  ['job_list', {}],
];

function mixedCall(server: BenchServer, n: number): Promise<unknown> {
  const [tool, input] = TOOLS[n % TOOLS.length] ?? ['run_status', {}];
  return server.call(tool, input);
}
