import { expect, it } from 'vitest';
import { createProgress, PlainProgress } from '../../src/lib/progress.js';

it('plain output shows each step once, and the details of one step not faster than anyone reads', () => {
  const lines: string[] = [];
  let now = 0;
  const progress = new PlainProgress({ write: text => lines.push(text.trimEnd()) }, () => now);
  progress.step('getting packages', '1 of 3');
  progress.step('getting packages', '2 of 3');
  now += 60_000;
  progress.step('getting packages', '3 of 3');
  progress.step('getting packages', '3 of 3');
  progress.step('starting');
  progress.step('starting');
  progress.line('ready');
  expect(lines).toEqual(['getting packages: 1 of 3', 'getting packages: 3 of 3', 'starting', 'ready']);
});

it('a terminal that does not say how wide it is gets plain lines, not a spinner that draws without end', async () => {
  const lines: string[] = [];
  const stream = { isTTY: true, columns: 0, write: (text: string) => lines.push(text) };
  const progress = await createProgress(stream as unknown as NodeJS.WriteStream); // only what a terminal without a width has
  progress.step('getting packages');
  expect(lines).toEqual(['getting packages\n']);
});
