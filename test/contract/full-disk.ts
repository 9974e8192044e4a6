import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LimitError } from '../../src/errors.js';
import type { SandboxBackend } from '../../src/sandbox/sandbox.js';
import { mountLack, needsMount, smallDisk } from '../helpers/small-disk.js';
import { makeRun, runScript, startUntilReady, waitFor } from './sandbox.js';

const options = { signal: new AbortController().signal };

/** What every sandbox promises where not the run's own limit but the disk below it is full. Runs where this user may mount a small one. */
export function fullDiskContract(name: string, makeBackend: () => SandboxBackend): void {
  describe.skipIf(mountLack)(needsMount(`${name} on a disk that is full`), () => {
    const backend = makeBackend();
    test('answers with a sentence, loses nothing, and goes on when there is room again', async () => {
      await using run = await makeRun(backend);
      await run.sandbox.end('run_ended');
      const spec = {
        ...run.spec,
        run_id: `${run.spec.run_id}f`,
        run_folder: join(run.spec.run_folder, 'full'),
      };
      await mkdir(spec.run_folder);
      using _disk = smallDisk(spec.run_folder, 3);
      try {
        await using sandbox = await backend.create(spec, options);
        await sandbox.writeFile({ path: 'kept', text: 'before' }, options);
        const job = await startUntilReady(
          sandbox,
          'echo ready; until [ -e go ]; do sleep 0.05; done; exit 5',
        );
        await runScript(sandbox, 'cat /dev/zero > filler; touch go');
        expect(await waitFor(sandbox, job.job_id)).toMatchObject({ state: 'exited', exit_code: 5 });
        const writing = sandbox.writeFile({ path: 'kept', text: 'x'.repeat(100_000) }, options);
        await expect(writing).rejects.toThrow(/disk of the host is full/);
        await expect(writing).rejects.toBeInstanceOf(LimitError);
        expect(await runScript(sandbox, 'echo lost; true')).toMatchObject({ exit_code: 0, no_room: 'host' });
        expect(
          await sandbox.readFile({ path: 'kept', start_line: 1, max_bytes: 100 }, options),
        ).toMatchObject({
          text: 'before',
        });
        expect(await runScript(sandbox, 'rm filler')).toMatchObject({ exit_code: 0, no_room: null });
        await sandbox.writeFile({ path: 'kept', text: 'after' }, options);
        await sandbox.end('run_ended');
        const record = JSON.parse(
          await readFile(join(spec.run_folder, 'jobs', `${job.job_id}.json`), 'utf8'),
        );
        expect(record).toMatchObject({ state: 'exited', exit_code: 5 });
      } finally {
        await backend.destroy(spec);
      }
    });
  });
}
