import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import type { SandboxSpec } from '../../src/sandbox/sandbox.js';
import { dockerBackend } from '../helpers/docker.js';

/**
 * Stands in for a server that dies: makes the sandbox it is told to, leaves a job and a daemon in it, and waits to be killed.
 * Arguments: the sandbox as JSON, and the home folder where it is one of Docker.
 */
const [json = '', home] = process.argv.slice(2);
const spec: SandboxSpec = JSON.parse(json);
const options = { signal: new AbortController().signal };
const backend =
  home === undefined ? new LocalBackend({ python: async () => 'python3' }) : dockerBackend(home);
const sandbox = await backend.create(spec, options);
const script =
  '(setsid sleep 1000 &); echo ready; trap "" TERM; until [ -e go ]; do sleep 0.05; done; echo survived';
await sandbox.startJob(
  { job_id: 'job_left', argv: ['bash', '-c', script], wait_ms: 0, max_bytes: 100 },
  options,
);
await sandbox.waitJob({ job_id: 'job_left', cursor: 0, wait_ms: 30_000, max_bytes: 6 }, options);
process.stdout.write('started\n');
