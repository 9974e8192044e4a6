export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A figure, what it is, and the goal it is held against. */
export function figure(what: string, value: string, goal: string): void {
  say(`${what.padEnd(70)} ${value.padStart(14)}   goal: ${goal}`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (low + high) / 2;
}
