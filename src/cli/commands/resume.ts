import { z } from 'zod';
import { duration } from '../../lib/text.js';
import { resumeRun } from '../../tools/support/pause-run.js';
import { secondsLeft } from '../../tools/support/sandbox-spec.js';
import { defineCommand } from '../command.js';
import { composeHost } from '../compose.js';
import { resolveRunId } from '../judged-runs.js';

export const resume = defineCommand({
  name: 'resume',
  summary: 'let a paused run go on',
  details: 'Its deadline is later by the length of the pause.',
  arguments: [['<run>', 'its id, the beginning of it, or `last`']],
  examples: [['mlrb resume last', 'the newest run goes on where it stood']],
  input: z.object({ run: z.string() }),
  async run({ run: given }, { config, signal, log, print }) {
    const host = composeHost(config, { signal, log });
    const run = await resumeRun(await resolveRunId(host.runs, given), host);
    print(`Run ${run.run_id} goes on, with ${duration(secondsLeft(run))} left, until ${run.deadline_at}.`);
    return 0;
  },
});
