/**
 * Every check and every test. The last line is `N passed, N failed, N skipped`, counted from vitest's own results;
 * a check, or a test file that could not be loaded, counts as one.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, runTool, staticChecks } from './lib/steps.mjs';

const results = join(root, '.vitest', 'results.json');
rmSync(results, { force: true });
const failedChecks = staticChecks();
const filters = process.argv.slice(2);
const passed = runTool('tests', 'vitest/vitest.mjs', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${results}`,
  ...filters,
]);

const counts = count();
counts.failed += failedChecks.length;
if (!passed && counts.failed === 0) counts.failed = 1;
for (const name of failedChecks) process.stdout.write(`Failed check: ${name}.\n`);
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = counts.failed === 0 && passed ? 0 : 1;

function count() {
  const report = readResults();
  const broken = report.testResults.filter(
    file => file.status === 'failed' && file.assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** Nothing where vitest ended before it had results. */
function readResults() {
  try {
    return JSON.parse(readFileSync(results, 'utf8'));
  } catch {
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}
