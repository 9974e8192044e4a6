import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import type { SandboxSpec } from '../../src/sandbox/sandbox.js';

/** Stands in for a server that dies: makes the sandbox it is told to, leaves a job and a daemon in it, and waits to be killed. */
const spec: SandboxSpec = JSON.parse(process.argv[2] ?? '');
const options = { signal: new AbortController().signal };
const sandbox = await new LocalBackend({ python: async () => 'python3' }).create(spec, options);
const script =
  '(setsid sleep 1000 &); echo ready; trap "" TERM; until [ -e go ]; do sleep 0.05; done; echo survived';
await sandbox.startJob(
  { job_id: 'job_left', argv: ['bash', '-c', script], wait_ms: 0, max_bytes: 100 },
  options,
);
await sandbox.waitJob({ job_id: 'job_left', cursor: 0, wait_ms: 30_000, max_bytes: 6 }, options);
process.stdout.write('started\n');
