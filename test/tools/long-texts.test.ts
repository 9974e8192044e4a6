import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeHome } from '../helpers/home.js';
import { type InProcess, inProcess } from '../helpers/in-process.js';
import { endAllRuns } from '../helpers/runs.js';

let home: Awaited<ReturnType<typeof makeHome>>;
let me: InProcess;

beforeAll(async () => {
  home = await makeHome();
  me = await inProcess(home.path, {});
  await me.call('start_run', { task_id: 'mini_baby_lm' });
});

afterAll(async () => {
  await me[Symbol.asyncDispose]();
  await endAllRuns(home.path);
  await home[Symbol.asyncDispose]();
});

const GAP = /\n\[… ([\d,]+) bytes left out; the whole is in .* …\]\n/;

test.each([
  ['', ''],
  ['a', ''],
  ['ab', 'c'],
  ['abc', 'de'],
])('long output is cut between characters, wherever they lie: %j before, %j after', async (before, after) => {
  const code = `print(${JSON.stringify(before)} + "😀" * 9000 + ${JSON.stringify(after)}, end="")`;
  const { data, text } = await me.call('run_python', { code });
  const output = String(data.output);
  expect(output).not.toContain('\ufffd');
  const [head = '', omitted = '', tail = ''] = output.split(GAP);
  expect(head.startsWith(`${before}😀`)).toBe(true);
  expect(tail.endsWith(`😀${after}`)).toBe(true);
  const shown = Buffer.byteLength(head) + Buffer.byteLength(tail);
  expect(shown + Number(omitted.replaceAll(',', ''))).toBe(data.output_bytes);
  expect(text).toContain(output);
  expect(text).not.toContain('Output from byte');
});

test('what is left out of output that is no text is counted in the bytes of the file', async () => {
  const { data } = await me.call('run_python', {
    code: 'import sys; sys.stdout.buffer.write(b"\\xff" * 10_001)',
  });
  const [head = '', omitted = '', tail = ''] = String(data.output).split(GAP);
  expect([head, tail]).toEqual(['\ufffd'.repeat(5000), '\ufffd'.repeat(5000)]);
  expect(omitted).toBe('1');
});

test('notes that are longer than an answer are cut between characters and counted in characters', async () => {
  await me.call('scratchpad', { action: 'write', note: `first ${'😀'.repeat(6001)}` });
  await me.call('scratchpad', { action: 'write', note: '😀é'.repeat(3000) });
  const { data, text } = await me.call('scratchpad', { action: 'read' });
  const notes = String(data.notes);
  expect(notes).not.toContain('\ufffd');
  expect(notes).toContain(
    '(page 1 of 2, characters 2,012 to 12,011 of 12,011; page 2 has what was noted before)\n',
  );
  const newer = notes.slice(notes.indexOf('\n') + 1);
  expect([...newer]).toHaveLength(10_000);
  expect(text).toContain(notes);
  const older = await me.call('scratchpad', { action: 'read', page: 2 });
  expect(older.text).toContain('(page 2 of 2, characters 1 to 2,011 of 12,011)\n');
  const whole = String(older.data.notes).split(')\n')[1] + newer;
  expect(whole).toBe(`first ${'😀'.repeat(6001)}\n\n${'😀é'.repeat(3000)}\n\n`);
  const beyond = await me.call('scratchpad', { action: 'read', page: 3 });
  expect(beyond.text).toMatch(/There is no page 3: the notes have 2/);
});

test('a long command of emoji is named in the list of jobs by whole characters', async () => {
  await me.call('run_bash', { script: `: x${'😀'.repeat(300)}` });
  const { data, text } = await me.call('job_list');
  const [newest] = data.jobs as { output_path: string }[];
  expect(text).toContain(newest?.output_path);
  expect(JSON.stringify(data)).not.toContain('\ufffd');
  expect(text).toContain('😀');
  expect(text).not.toContain('\ufffd');
});
