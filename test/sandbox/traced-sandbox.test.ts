import { expect, test } from 'vitest';
import type { NewTraceEvent, Trace } from '../../src/runs/trace.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';
import { TracedSandbox } from '../../src/sandbox/traced-sandbox.js';
import { makeRun, runScript } from '../contract/sandbox.js';

const options = { signal: new AbortController().signal };

/** A trace that keeps its events in memory. */
function memoryTrace(): Trace & { readonly events: NewTraceEvent[] } {
  const events: NewTraceEvent[] = [];
  return { events, append: async event => void events.push(event) };
}

test('every call leaves one event with sizes and ids, and nothing of what was read, written or printed', async () => {
  await using run = await makeRun(new LocalBackend({ python: async () => 'python3' }));
  const trace = memoryTrace();
  const sandbox = new TracedSandbox(run.sandbox, trace, 'call_1');
  expect(sandbox.paths).toBe(run.sandbox.paths);

  const job = await runScript(sandbox, 'echo private-output', { command: 'private-command' });
  await sandbox.waitJob({ job_id: job.job_id, cursor: 0, wait_ms: 0, max_bytes: 5 }, options);
  await sandbox.cancelJob(job.job_id, options);
  await sandbox.listJobs(5, options);
  await sandbox.writeFile({ path: 'a.txt', text: 'private-text' }, options);
  await sandbox.editFile(
    { path: 'a.txt', target: 'private', replacement: 'private', where: 'instead', all: false },
    options,
  );
  await sandbox.readFile({ path: 'a.txt', start_line: 1, max_bytes: 100 }, options);
  await sandbox.listFiles({ path: '.', depth: 1 }, options);
  await sandbox.usage(options);
  await expect(sandbox.readFile({ path: 'b.txt', start_line: 1, max_bytes: 100 }, options)).rejects.toThrow();
  await sandbox.end('run_ended');

  expect(trace.events.map(event => event.type === 'sandbox' && [event.action, event.ok, event.call])).toEqual(
    [
      ['start_job', true, 'call_1'],
      ['wait_job', true, 'call_1'],
      ['cancel_job', true, 'call_1'],
      ['list_jobs', true, 'call_1'],
      ['write_file', true, 'call_1'],
      ['edit_file', true, 'call_1'],
      ['read_file', true, 'call_1'],
      ['list_files', true, 'call_1'],
      ['usage', true, 'call_1'],
      ['read_file', false, 'call_1'],
      ['end', true, 'call_1'],
    ],
  );
  expect(JSON.stringify(trace.events)).not.toContain('private');
  expect(trace.events[0]).toMatchObject({
    detail: { job_id: job.job_id, state: 'exited', exit_code: 0, output_bytes: 15 },
  });
  expect(trace.events[4]).toMatchObject({ detail: { path: 'a.txt', size_bytes: 12, created: true } });
  expect(trace.events[9]).toMatchObject({ detail: { path: 'b.txt', error: 'InputError' } });
});
