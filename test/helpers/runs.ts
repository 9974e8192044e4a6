import { isOver } from '../../src/runs/run.js';
import { RunStore } from '../../src/runs/run-store.js';
import { LocalBackend } from '../../src/sandbox/local/local-backend.js';

/** Ends whatever the runs below a home folder left running, so that no test leaves a process behind. */
export async function endAllRuns(home: string): Promise<void> {
  const runs = new RunStore(home);
  const backend = new LocalBackend({ python: async () => 'python3' });
  for (const listed of await runs.list()) {
    await backend.destroy({ run_id: listed.run_id, run_folder: runs.folder(listed.run_id).root });
    if ('run' in listed && !isOver(listed.run)) {
      await runs.withRun(listed.run_id, () =>
        runs.step(listed.run_id, 'cancelled', { outcome: 'no_submission' }),
      );
    }
  }
}
