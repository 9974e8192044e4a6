/** Passes a gate some times and says when. Arguments: file, passes, requests, windowMs. */
import { HostGate } from '../../../src/tools/support/http/host-gate.js';

const [file = '', passes, requests, windowMs] = process.argv.slice(2);
const gate = new HostGate(file, { requests: Number(requests), windowMs: Number(windowMs), concurrent: 50 });
const signal = new AbortController().signal;
const deadline = Date.now() + 60_000;
const times = await Promise.all(
  Array.from({ length: Number(passes) }, async () => {
    const leave = await gate.enter({ deadline, signal });
    const at = Date.now();
    leave();
    return at;
  }),
);
process.stdout.write(JSON.stringify(times));
