/** Types, lint, format, import table, and whether the generated documentation is fresh. Writes nothing. */
import { runTool, staticChecks } from './lib/steps.mjs';

const failed = staticChecks();
const vitest = ['run', '--project', 'structure', '--update=none'];
if (!runTool('structure and documentation', 'vitest/vitest.mjs', vitest))
  failed.push('structure and documentation');
process.stdout.write(failed.length === 0 ? 'All checks passed.\n' : `Failed: ${failed.join(', ')}.\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
