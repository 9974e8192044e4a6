/**
 * `npm run bench [NAME…]`: measures what the project claims about speed and memory. Every figure is a ratio or a
 * difference between two things measured side by side in one run; absolute times belong to the machine.
 */
import { calls } from './calls.js';
import { docker } from './docker.js';
import { handshake } from './handshake.js';
import { kills } from './kills.js';
import { memory } from './memory.js';
import { report } from './report.js';
import { research } from './research.js';
import { scoring } from './scoring.js';
import { say } from './support/print.js';

const benches: Readonly<Record<string, () => Promise<void>>> = {
  handshake,
  calls,
  memory,
  report,
  research,
  docker,
  kills,
  scoring,
};

const wanted = process.argv.slice(2);
for (const name of wanted.length === 0 ? Object.keys(benches) : wanted) {
  const bench = benches[name];
  if (bench === undefined) {
    say(`No bench named "${name}". Known: ${Object.keys(benches).join(', ')}.`);
    process.exitCode = 2;
    break;
  }
  await bench();
}
