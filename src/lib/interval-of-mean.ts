/** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const T_95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The 95 % interval of the mean of a few values, by Student's t; null for fewer than two. */
export function intervalOfMean(values: readonly number[]): [number, number] | null {
  const n = values.length;
  if (n < 2) return null;
  const mean = sum(values) / n;
  const half = (T_95[n - 2] ?? 1.96 + 2.4 / (n - 1)) * standardErrorOf(values, mean);
  return [mean - half, mean + half];
}

/** The standard error of the mean; null for fewer than two values. */
export function standardError(values: readonly number[]): number | null {
  return values.length < 2 ? null : standardErrorOf(values, sum(values) / values.length);
}

function standardErrorOf(values: readonly number[], mean: number): number {
  const n = values.length;
  return Math.sqrt(sum(values.map(value => (value - mean) ** 2)) / (n - 1) / n);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
