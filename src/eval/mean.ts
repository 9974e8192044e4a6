/** 0 for no values. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values) / values.length;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Two-sided 95 % of the normal distribution. */
const Z_95 = 1.96;

/** The interval about a value, not beyond the bounds of the metric; null without a standard error. */
export function interval95(
  value: number,
  standardError: number | null,
  [lowest, highest]: readonly [number, number],
): [number, number] | null {
  if (standardError === null) return null;
  return [Math.max(lowest, value - Z_95 * standardError), Math.min(highest, value + Z_95 * standardError)];
}

/** Groups in the order in which their names first come up. */
export function groupBy<T>(items: readonly T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name) ?? [];
    group.push(item);
    groups.set(name, group);
  }
  return groups;
}
