import { z } from 'zod';
import { isOver } from '../../runs/run.js';
import { cancelRun } from '../../tools/support/close-run.js';
import { defineCommand } from '../command.js';
import { composeHost } from '../compose.js';
import { resolveRunId } from '../judged-runs.js';

export const cancel = defineCommand({
  name: 'cancel',
  summary: 'end a run that is on, with everything that it runs',
  arguments: [['<run>', 'its id, the beginning of it, or `last`']],
  examples: [['mlrb cancel last', 'ends the newest run; its outcome is `no_submission`']],
  input: z.object({ run: z.string() }),
  async run({ run: given }, { config, signal, log, print }) {
    const host = composeHost(config, { signal, log });
    const run = await host.runs.read(await resolveRunId(host.runs, given));
    if (isOver(run)) {
      print(`Run ${run.run_id} is over already (${run.state}): there is nothing to cancel.`);
      return 0;
    }
    await cancelRun(run.run_id, { reason: 'The operator cancelled it.' }, host);
    print(`Run ${run.run_id} is cancelled, and nothing of it runs any more.`);
    return 0;
  },
});
