import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome } from '../helpers/home.js';
import { type InProcess, inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

let home: Awaited<ReturnType<typeof makeHome>>;
let me: InProcess;
let workspace: string;

beforeAll(async () => {
  home = await makeHome();
  me = await inProcess(home.path, {});
  const { data } = await me.call('start_run', { task_id: 'mini_baby_lm' });
  workspace = String(data.workspace);
});

afterAll(async () => {
  await me[Symbol.asyncDispose]();
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

/** What stands after the line's number, as the contestant gets it. */
function shownOf(content: unknown): string {
  return String(content).replace(/^\d+\t/, '');
}

test.each([
  ['letters', 'abcdefghij'.repeat(2500)],
  ['emoji, which a cut must not split', `x${'😀é'.repeat(4000)}`],
])('the rest of a line that no answer can hold is read as the answer says: %s', async (_what, long) => {
  await writeFile(join(workspace, "it's long.txt"), `first\r\n${long}\nlast\n`);
  let seen = await me.call('read_code', { path: "it's long.txt", start_line: 2 });
  let whole = shownOf(seen.data.content);
  expect(long.startsWith(whole)).toBe(true);
  expect(seen.data).toMatchObject({ start_line: 2, end_line: 2, total_lines: 3 });
  expect(seen.text).toContain(String(seen.data.next));
  const told = String(seen.data.next);
  const code = /run_python with this code:\n(.*)\n/.exec(told)?.[1] ?? '';
  const [from = 0, to = 0] = (/\[(\d+):(\d+)\]/.exec(code) ?? []).slice(1).map(Number);
  expect(from).toBe([...whole].length);
  for (let at = from; whole.length < long.length; at += to - from) {
    seen = await me.call('run_python', {
      code: code.replace(`[${from}:${to}]`, `[${at}:${at + to - from}]`),
    });
    expect(seen.data.output).toMatch(/^.+$/);
    whole += seen.data.output;
  }
  expect(whole === long).toBe(true);
  const below = Number(/start_line (\d+)\.$/.exec(told)?.[1]);
  seen = await me.call('read_code', { path: "it's long.txt", start_line: below });
  expect(seen.data.content).toBe('3\tlast');
});

test('a line that just fits is not said to be cut, and the next call goes on below it', async () => {
  await writeFile(join(workspace, 'fits.txt'), `${'x'.repeat(10_000)}\nlast`);
  const seen = await me.call('read_code', { path: 'fits.txt' });
  expect(shownOf(seen.data.content)).toHaveLength(10_000);
  expect(seen.data.next).toBe('Cut here: call read_code with path "fits.txt" and start_line 2.');
});

test('a single line is called one line, and a line below the end is refused with the last one there is', async () => {
  await writeFile(join(workspace, 'one.txt'), 'only');
  expect((await me.call('read_code', { path: 'one.txt' })).text).toContain('one.txt, 1 line, line 1:');
  const refused = await me.call('read_code', { path: 'one.txt', start_line: 99 });
  expect(refused.isError).toBe(true);
  expect(refused.text).toContain(
    '"one.txt" has 1 line, so there is no line 99. Give a start_line of at most 1.',
  );
});
