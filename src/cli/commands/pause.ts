import { z } from 'zod';
import { duration } from '../../lib/text.js';
import { pauseRun } from '../../tools/support/pause-run.js';
import { secondsLeft } from '../../tools/support/sandbox-spec.js';
import { defineCommand } from '../command.js';
import { composeHost } from '../compose.js';
import { resolveRunId } from '../judged-runs.js';

export const pause = defineCommand({
  name: 'pause',
  summary: 'freeze a run that is on, with its clock',
  details:
    'Every process of the run stands still, its memory is kept, and its contestant is told to try again later. In the Docker sandbox only.',
  arguments: [['<run>', 'its id, the beginning of it, or `last`']],
  examples: [['mlrb pause last', 'everything in the newest run stands still']],
  input: z.object({ run: z.string() }),
  async run({ run: given }, { config, signal, log, print }) {
    const host = composeHost(config, { signal, log });
    const run = await pauseRun(await resolveRunId(host.runs, given), host);
    print(
      `Run ${run.run_id} is paused with ${duration(secondsLeft(run))} left, and its clock stands still. \`mlrb resume ${run.run_id}\` lets it go on.`,
    );
    return 0;
  },
});
