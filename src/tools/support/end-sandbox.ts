import type { Run } from '../../runs/run.js';
import type { Host } from '../tool.js';
import { sandboxPlace } from './sandbox-spec.js';

/** Ends everything of a run, and writes down what was found after that: no process, no file that changes, and memory given back. */
export async function endSandbox(run: Run, host: Host): Promise<void> {
  const began = performance.now();
  const end = await host.backend.destroy(sandboxPlace(run, host));
  if (end === null) return;
  const { ok, ...found } = end;
  if (!ok) host.log.error({ run: run.run_id, found }, 'something of a run is left after its end');
  await host.runs.trace(run.run_id).append({
    type: 'sandbox',
    call: null,
    action: 'ended',
    detail: { ...found, gpu_memory: found.gpu_memory ?? 'no GPU' },
    ok,
    duration_ms: Math.round((performance.now() - began) * 1000) / 1000,
  });
}
