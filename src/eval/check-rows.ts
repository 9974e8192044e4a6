import type { SuiteData } from './evaluation-data.js';
import { groupBy } from './mean.js';
import type { Row } from './rows.js';

/** Throws unless the scorer wrote every row of every suite that it was asked for, each once, and no other. */
export function checkRows(rows: readonly Row[], suites: readonly SuiteData[]): void {
  const bySuite = groupBy(rows, row => row.suite);
  const asked = suites.map(({ request }) => request.suite);
  const strange = [...bySuite.keys()].filter(suite => !(asked as readonly string[]).includes(suite));
  if (strange.length > 0)
    throw new Error(`the scorer wrote rows of ${strange.join(', ')}, which nobody asked for`);
  for (const { request, sizes } of suites) checkSuite(bySuite.get(request.suite) ?? [], request.suite, sizes);
}

function checkSuite(rows: readonly Row[], suite: string, sizes: SuiteData['sizes']): void {
  const bySubtask = groupBy(rows, row => ('subtask' in row ? row.subtask : row.suite));
  const names = new Set([...bySubtask.keys(), ...Object.keys(sizes)]);
  for (const name of names) {
    const found = bySubtask.get(name) ?? [];
    const items = new Set(found.map(({ item }) => item));
    const isEachOnce = items.size === found.length && found.every(({ item }) => item < found.length);
    const size = found.reduce((total, row) => total + ('bytes' in row ? row.bytes : 1), 0);
    if (!isEachOnce || size !== sizes[name])
      throw new Error(`the scorer wrote ${size} of ${sizes[name] ?? 0} of ${suite} ${name}`);
  }
}
